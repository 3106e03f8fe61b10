/** The file that the harness reads (harness.c): rows of instructions, and how often each is to run. */
import type { Encoding } from './forms.js';

export const MAX_ROWS = 512;
const MAGIC = 0x73776f72;
const HEADER_BYTES = 16;
const ROW_BYTES = 64;
const MAX_BYTES = 56;

const TRAITS = { memory: 1, fpu: 2, repeated: 4, bits16: 8, stack: 16, random: 32, far: 64, self: 128 };

export interface Row {
  bytes: Uint8Array;
  rounds: number;
  undefinedFlags: number;
  memory: boolean;
  fpu: boolean;
  repeated: boolean;
  stack: boolean;
  bits: 16 | 32;
  far: boolean;
  /** Any bytes, of which nothing is known. */
  random?: boolean;
  /** May write into its own code, which is put back each time. */
  self?: boolean;
}

export function rowOf(encoding: Encoding, rounds: number): Row {
  const { bytes, undefinedFlags, memory, fpu, repeated, stack, bits, far } = encoding;
  return { bytes, rounds, undefinedFlags, memory, fpu, repeated, stack, bits, far };
}

/**
 * How rows run: as they are; with a timer that ends what does not end; as a user, with one that fires often. A timer may end
 * any row, so that what it did is another thing each time.
 */
const MODES = { plain: 0, timed: 2, user: 1 } as const;
export type Mode = keyof typeof MODES;

export function fileOf(rows: readonly Row[], seed: number, mode: Mode = 'plain'): Buffer {
  if (rows.length > MAX_ROWS) throw new Error(`${rows.length} rows are more than ${MAX_ROWS}`);
  const file = Buffer.alloc(HEADER_BYTES + rows.length * ROW_BYTES);
  [MAGIC, rows.length, seed >>> 0, MODES[mode]].forEach((word, i) => file.writeUInt32LE(word, 4 * i));
  rows.forEach((row, i) => {
    if (row.bytes.length > MAX_BYTES) throw new Error(`a row of ${row.bytes.length} bytes`);
    const at = HEADER_BYTES + i * ROW_BYTES;
    const traits = Object.entries({ ...row, bits16: row.bits === 16 })
      .filter(([name, set]) => set === true && name in TRAITS)
      .reduce((all, [name]) => all | TRAITS[name as keyof typeof TRAITS], 0);
    file[at] = row.bytes.length;
    file[at + 1] = traits;
    file.writeUInt16LE(row.rounds, at + 2);
    file.writeUInt32LE(row.undefinedFlags, at + 4);
    file.set(row.bytes, at + 8);
  });
  return file;
}
