import type { Progress } from './api.js';

const INTERVAL_MS = 100;

/** Passes progress on at most ten times a second. */
export function throttled(listener: ((progress: Progress) => void) | undefined): (progress: Progress) => void {
  let last = 0;
  return (progress) => {
    const now = performance.now();
    if (listener === undefined || now - last < INTERVAL_MS) return;
    last = now;
    listener(progress);
  };
}
