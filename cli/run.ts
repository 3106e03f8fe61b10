/** Runs one stage for a command: progress on the terminal, Ctrl-C as an abort signal. */
import { DecoupleError } from '../formats/errors.js';
import type { StageOptions } from '../relog/api.js';
import { interruptible } from './interrupt.js';
import { progressLine } from './progress.js';

export interface RunOptions {
  /** False when something else is written to the terminal meanwhile. */
  progress?: boolean;
  /** The stage's result says itself that it was interrupted, and is worth showing. */
  mayEndEarly?: boolean;
}

/**
 * @param stage name of the stage, as the progress line shows it
 * @throws DecoupleError interrupted, when the stage came back early because of Ctrl-C; whatever the stage throws
 */
export async function runStage<T>(
  stage: string,
  work: (options: Required<StageOptions>) => Promise<T>,
  { progress = true, mayEndEarly = false }: RunOptions = {},
): Promise<T> {
  const line = progress ? progressLine(stage) : null;
  return interruptible(async ({ signal }) => {
    try {
      const result = await work({ signal, onProgress: (p) => line?.update(p) });
      if (signal.aborted && !mayEndEarly) throw interrupted(stage);
      return result;
    } catch (error) {
      // An AbortError of Node's own says no more than that.
      throw signal.aborted && !(error instanceof DecoupleError) ? interrupted(stage, error) : error;
    } finally {
      line?.stop();
    }
  });
}

function interrupted(stage: string, cause?: unknown): DecoupleError {
  return new DecoupleError('interrupted', `${stage} was interrupted.`, 'Run it again to go to the end.', { cause });
}
