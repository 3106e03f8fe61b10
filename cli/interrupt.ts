/** Ctrl-C: the first one ends a stage in order, so that what it has written stays valid; the second ends the process. */
import { EXIT_STATUS } from '../formats/errors.js';
import { ENDING_SIGNALS } from '../relog/process/signals.js';
import { printNote } from './output.js';
import { isProgressShown } from './progress.js';

/** Runs `work` with a signal that Ctrl-C (or a polite kill) aborts. */
export async function interruptible<T>(work: (controller: AbortController) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(EXIT_STATUS.interrupted);
    // A terminal shows the key, where no progress line is, which is taken off together with it.
    if (process.stderr.isTTY && !isProgressShown()) process.stderr.write('\n');
    printNote('Stopping in order. Once more to stop at once.');
    controller.abort();
  };
  for (const signal of ENDING_SIGNALS) process.on(signal, onSignal);
  try {
    return await work(controller);
  } finally {
    for (const signal of ENDING_SIGNALS) process.off(signal, onSignal);
  }
}
