import type { RelogOptions, RelogResult } from './api.js';
import { runStage } from './process/parent.js';

/** Makes a relog of a recording, in a process of its own. See {@link RelogOptions}. */
export function relog(options: RelogOptions): Promise<RelogResult> {
  return runStage<RelogResult>('relog', options);
}
