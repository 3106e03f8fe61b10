/** From what became of a stage to the exit status of the command. */
import { EXIT_STATUS, exitStatus } from '../formats/errors.js';
import type { EndReason } from '../relog/api.js';
import { printNote } from './output.js';

/** What each end of a recording means: the words for people, and the status for scripts. */
const ENDS: Record<EndReason, { words: string; status: number }> = {
  'session-done': { words: 'the session is done', status: EXIT_STATUS.ok },
  'until-matched': { words: 'the guest printed what --until waits for', status: EXIT_STATUS.ok },
  limit: { words: 'the limit is reached', status: EXIT_STATUS.ok },
  interrupted: { words: 'interrupted', status: exitStatus('interrupted') },
  'guest-stopped': { words: 'the guest stopped for good', status: exitStatus('guest-stopped') },
  'engine-died': { words: 'the machine died', status: exitStatus('engine-died') },
  timeout: { words: 'the guest did not print what was expected in time', status: exitStatus('expect-timeout') },
};

export function describeEnd(reason: EndReason): string {
  return ENDS[reason].words;
}

/** @param escaped the person at the console ended it with the escape key: then that is what was asked for */
export function statusOfEnd(reason: EndReason, escaped: boolean): number {
  return reason === 'interrupted' && escaped ? EXIT_STATUS.ok : ENDS[reason].status;
}

/** What a result lacks, said on stderr: it was made of a recording without an end. */
export function noteCutOff(input: string, cutOff: boolean): void {
  if (cutOff) printNote(`${input} is cut off: its writer did not finish. All that is complete in it was used.`);
}
