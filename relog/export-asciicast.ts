import type { AsciicastOptions, AsciicastResult } from './api.js';
import { runStage } from './process/parent.js';

/** Makes a terminal recording (asciicast v2) of what a guest printed. See {@link AsciicastOptions}. */
export function exportAsciicast(options: AsciicastOptions): Promise<AsciicastResult> {
  const { onProgress: _progress, signal: _signal, ...plain } = options;
  return runStage<AsciicastResult>('asciicast', plain, options);
}
