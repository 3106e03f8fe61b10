/** Runs one stage for a command: progress on the terminal, Ctrl-C as an abort signal. */
import { DecoupleError } from '../formats/errors.js';
import type { StageOptions } from '../relog/api.js';
import { interruptible } from './interrupt.js';
import { printDetail, printNote } from './output.js';
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
  if (WITH_ENGINE.has(stage)) await tellConfinement();
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

/** Stages that run a guest's code. */
const WITH_ENGINE = new Set([
  ...['record', 'replay', 'relog', 'heal', 'verify', 'analyze', 'export', 'screenshot', 'disk'],
]);
let told = false;

/** Once a command. */
async function tellConfinement(): Promise<void> {
  if (told) return;
  told = true;
  const { confinement } = await import('../relog/process/confinement.js');
  const how = await confinement();
  if (how === 'bubblewrap') printDetail('The engine runs in a process that sees its inputs and outputs alone.');
  if (how === 'off') printDetail('The engine may do what you may: DECOUPLE_CONFINE=off.');
  if (how === 'not here')
    printNote('The engine may do what you may: bubblewrap is not here, or may not work. See docs/security.md.');
}

function interrupted(stage: string, cause?: unknown): DecoupleError {
  return new DecoupleError('interrupted', `${stage} was interrupted.`, 'Run it again to go to the end.', { cause });
}
