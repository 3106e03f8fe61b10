import type { Progress } from './api.js';

const INTERVAL_MS = 100;

/**
 * Passes progress on at most ten times a second.
 * @param end how far the stage goes, where that is known; asked for once, and only if somebody listens
 */
export function throttled(
  listener: ((progress: Progress) => void) | undefined,
  end: () => number | null,
): (progress: Omit<Progress, 'total'>) => void {
  let last = 0;
  let total: number | null | undefined;
  return (progress) => {
    const now = performance.now();
    if (listener === undefined || now - last < INTERVAL_MS) return;
    last = now;
    if (total === undefined) total = end();
    listener({ ...progress, total });
  };
}
