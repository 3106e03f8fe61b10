/** A fault planted on purpose, so that tests can see that a wrong instruction is found exactly where it is wrong. */
import { DecoupleError } from '../../formats/errors.js';
import { GPR_NAMES } from '../../formats/state.js';

export interface PlantedFault {
  /** Of the instruction that computes something else, once: so many have retired before it. */
  position: bigint;
  /** Number of the general register that gets a wrong bit; or, of what the instruction changed in memory, the middle. */
  target: number | 'memory';
}

/** A form of instructions that is always computed wrongly. */
export interface WrongForm {
  /** As the addon's decoder has it: 0x0f00 plus the second byte for those with two. */
  opcode: number;
  /** The middle of ModR/M, where it says which instruction it is; null: any. */
  digit: number | null;
  target: number | 'memory' | 'flags';
}

/**
 * @param text `OPCODE:TARGET` or `OPCODE/DIGIT:TARGET`, separated by commas, as DECOUPLE_TEST_FORMS has it
 * @throws DecoupleError usage
 */
export function parseWrongForms(text: string): WrongForm[] {
  return text.split(',').map((part) => {
    const match = /^([0-9a-f]{2}|0f[0-9a-f]{2})(?:\/([0-7]))?:(\w+)$/.exec(part);
    const name = match?.[3] ?? '';
    const target = name === 'memory' || name === 'flags' ? name : GPR_NAMES.indexOf(name);
    if (match === null || target === -1) {
      throw new DecoupleError(
        'usage',
        `DECOUPLE_TEST_FORMS=${text} names no forms and what they get wrong.`,
        'Write opcodes and a register, `flags` or `memory`, as 0fc8:eax,f7/3:flags; or unset it: it is for tests.',
      );
    }
    return { opcode: parseInt(match[1]!, 16), digit: match[2] === undefined ? null : Number(match[2]), target };
  });
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
