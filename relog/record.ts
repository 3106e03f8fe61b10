import type { RecordOptions, RecordResult } from './api.js';
import { runStage } from './process/parent.js';

/**
 * Records a guest, in a process of its own. See {@link RecordOptions}.
 * @throws DecoupleError output-exists, write-failed, guest-not-ready; and, with a valid recording left behind,
 *   expect-timeout, guest-stopped, engine-died
 */
export function record(options: RecordOptions): Promise<RecordResult> {
  const { input, ...rest } = options;
  const asked = { ...rest, interactive: input !== null, typed: input };
  return runStage<RecordResult>('record', asked);
}
