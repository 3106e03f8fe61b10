/** Random programs: sequences of instructions of which each was decoded, and bytes of which nothing is known. */
import type { Encoding } from './forms.js';
import type { Row } from './rows.js';

export type Random = () => number;

/** Numbers from 0 to 1 that follow from a seed. */
export function seeded(seed: number): Random {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

const MOST_BYTES = 52;
const MOST_INSTRUCTIONS = 12;

/** JO to JG with a displacement of one byte: what they jump over is the next instruction. */
const FIRST_JUMP = 0x70;

export interface SequenceOptions {
  encodings: readonly Encoding[];
  random: Random;
  rounds: number;
}

/** Several instructions one after the other, which use what those before left: flags, registers, memory, code. */
export function sequence({ encodings, random, rounds }: SequenceOptions): Row {
  const below = (n: number): number => Math.floor(random() * n);
  const chosen: Uint8Array[] = [];
  const used: Encoding[] = [];
  let length = 0;
  for (let left = 2 + below(MOST_INSTRUCTIONS - 1); left > 0; left--) {
    const next = encodings[below(encodings.length)]!;
    const jumps = below(6) === 0;
    if (length + next.bytes.length + (jumps ? 2 : 0) > MOST_BYTES) break;
    if (jumps) chosen.push(Uint8Array.of(FIRST_JUMP + below(16), next.bytes.length));
    chosen.push(next.bytes);
    used.push(next);
    length = chosen.reduce((sum, bytes) => sum + bytes.length, 0);
  }
  return {
    bytes: Buffer.concat(chosen),
    rounds,
    undefinedFlags: 0,
    memory: true,
    fpu: used.some(({ fpu }) => fpu),
    repeated: used.some(({ repeated }) => repeated),
    stack: true,
    bits: used[0]!.bits,
    far: false,
    self: below(8) === 0,
  };
}

/** What sequences are made of: instructions that run at any level, go on with the next, and are known to the machine. */
export function ordinary(encodings: readonly Encoding[]): Encoding[] {
  return encodings.filter(({ branch, privileged, supported }) => !branch && !privileged && supported);
}

/** Bytes by chance, half of them behind something that is an instruction. */
export function randomBytes(random: Random, rounds: number): Row {
  const bytes = Uint8Array.from({ length: 8 + Math.floor(random() * 24) }, () => Math.floor(random() * 256));
  return {
    bytes,
    rounds,
    undefinedFlags: 0,
    memory: true,
    fpu: random() < 0.25,
    repeated: true,
    stack: true,
    bits: random() < 0.75 ? 32 : 16,
    far: false,
    random: true,
    self: true,
  };
}
