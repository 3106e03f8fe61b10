/** Which payloads are to blame for a difference: the last ones that arrived are tried first, then twice as many, and so on. */
import type { Payload } from './payload.js';

/** Where the run with fillers was first seen to go another way. */
export interface PathDifference {
  position: number;
  /** Events up to there. */
  events: number;
}

export interface Culprits {
  culprits: readonly Payload[];
  /** What differs next with these kept; null: nothing. The last try was the one with these. */
  difference: PathDifference | null;
}

export interface Search {
  /** So many candidates, the first ones, are known not to be enough. */
  known: number;
  /** How many times more each try keeps. */
  growth: number;
  /** Tries at the most to find out which of those that were enough are not needed. */
  narrowing: number;
}

/** When a try is cheap. */
export const THOROUGH: Search = { known: 0, growth: 2, narrowing: Infinity };

/**
 * @param candidates the last one first
 * @param attempt runs with these kept, and tells the first difference that is left
 * @returns null when the difference stays with all of them kept. Tries grow with the logarithm of their number
 */
export async function findCulprits(
  difference: PathDifference,
  candidates: readonly Payload[],
  attempt: (kept: readonly Payload[]) => Promise<PathDifference | null>,
  { known, growth, narrowing }: Search = THOROUGH,
): Promise<Culprits | null> {
  const tryWith = async (kept: readonly Payload[]): Promise<Culprits | null> => {
    const left = await attempt(kept);
    return left === null || left.events > difference.events ? { culprits: kept, difference: left } : null;
  };
  let found: Culprits | null = null;
  let tried = known;
  for (let step = 1; found === null && tried < candidates.length; step *= growth) {
    const size = Math.min(known + step, candidates.length);
    found = await tryWith(candidates.slice(0, size));
    if (found === null) tried = size;
  }
  if (found === null) return null;
  // Without those that were just added it did not help: they may do alone, or some of them.
  let parts = tried > 0 ? [found.culprits.slice(tried)] : [];
  let lastHelped = true;
  for (let tries = 0; parts.length > 0 && tries < narrowing;) {
    let smaller: Culprits | null = null;
    for (const part of parts) {
      smaller = await tryWith(part);
      lastHelped = smaller !== null;
      tries++;
      if (smaller !== null) break;
    }
    if (smaller === null) break;
    found = smaller;
    parts = halves(found.culprits);
  }
  return lastHelped ? found : tryWith(found.culprits);
}

function halves(list: readonly Payload[]): Payload[][] {
  const middle = Math.ceil(list.length / 2);
  return list.length < 2 ? [] : [list.slice(0, middle), list.slice(middle)];
}
