/** Runs one stage for a command: progress on the terminal, Ctrl-C as an abort signal. */
import { DecoupleError } from '../formats/errors.js';
import type { StageOptions } from '../relog/api.js';
import { interruptible } from './interrupt.js';
import { progressLine } from './progress.js';

/**
 * @param stage name of the stage, as the progress line shows it
 * @param progress false when something else is written to the terminal meanwhile
 * @throws DecoupleError interrupted, when the stage came back early because of Ctrl-C; whatever the stage throws
 */
export async function runStage<T>(
  stage: string,
  work: (options: Required<StageOptions>) => Promise<T>,
  { progress = true }: { progress?: boolean } = {},
): Promise<T> {
  const line = progress ? progressLine(stage) : null;
  return interruptible(async ({ signal }) => {
    try {
      const result = await work({ signal, onProgress: (p) => line?.update(p) });
      if (signal.aborted) {
        throw new DecoupleError('interrupted', `${stage} was interrupted.`, 'Run it again to go to the end.');
      }
      return result;
    } finally {
      line?.stop();
    }
  });
}
