import type { ReplayOptions, ReplayResult } from './api.js';
import { runStage } from './process/parent.js';

/** Replays a recording in a process of its own. See {@link ReplayOptions}. */
export function replay(options: ReplayOptions): Promise<ReplayResult> {
  return runStage<ReplayResult>('replay', options);
}
