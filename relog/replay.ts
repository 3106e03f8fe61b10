import type { ReplayOptions, ReplayResult } from './api.js';
import { runStage } from './process/parent.js';

/** Replays a recording in a process of its own. See {@link ReplayOptions}. */
export function replay(options: ReplayOptions): Promise<ReplayResult> {
  const { onProgress: _progress, signal: _signal, onConsole: _console, ...plain } = options;
  return runStage<ReplayResult>('replay', plain, options);
}
