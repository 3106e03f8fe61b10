/** A fault planted on purpose, so that tests can see that a wrong instruction is found exactly where it is wrong. */
import { DecoupleError } from '../../formats/errors.js';
import { GPR_NAMES } from '../../formats/state.js';

export interface PlantedFault {
  /** Of the instruction that computes something else, once: so many have retired before it. */
  position: bigint;
  /** Number of the general register that gets a wrong bit; or, of what the instruction changed in memory, the middle. */
  target: number | 'memory';
}

/**
 * @param text `POSITION:REGISTER` or `POSITION:memory`, as the environment variable DECOUPLE_TEST_FAULT has it
 * @throws DecoupleError usage
 */
export function parseFault(text: string): PlantedFault {
  const match = /^(\d{1,16}):(\w+)$/.exec(text);
  const target = match?.[2] === 'memory' ? 'memory' : GPR_NAMES.indexOf(match?.[2] ?? '');
  if (match !== null && target !== -1) return { position: BigInt(match[1]!), target };
  throw new DecoupleError(
    'usage',
    `DECOUPLE_TEST_FAULT=${text} names no instruction and what it gets wrong.`,
    'Write a position and a register or `memory`, as 1000:eax; or unset it: it is for tests.',
  );
}
