import type { AsciicastOptions, AsciicastResult } from './api.js';
import { runStage } from './process/parent.js';

/** Makes a terminal recording (asciicast v2) of what a guest printed. See {@link AsciicastOptions}. */
export function exportAsciicast(options: AsciicastOptions): Promise<AsciicastResult> {
  return runStage<AsciicastResult>('asciicast', options);
}
