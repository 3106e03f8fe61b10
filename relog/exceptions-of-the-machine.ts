/** Exceptions that the relog states and the simulator's engine does not raise, by the form of the instruction. */
import type { Disagreement } from '../engines/unicorn/index.js';
import { iced } from '../formats/iced.js';
import type { ExceptionOfTheMachine } from './api.js';
import { newDecoder } from './disassemble.js';

const SHOWN_BYTES = 4;

export function exceptionsOfTheMachine(disagreements: readonly Disagreement[]): ExceptionOfTheMachine[] {
  const rows = new Map<string, ExceptionOfTheMachine>();
  for (const { code, bits, vector, raised, count } of disagreements) {
    const instruction = formText(code, bits);
    const key = `${instruction} ${vector} ${raised}`;
    const row = rows.get(key);
    if (row === undefined) rows.set(key, { instruction, vector, raised, count });
    else row.count += count;
  }
  return [...rows.values()].sort((a, b) => b.count - a.count || (a.instruction < b.instruction ? -1 : 1));
}

/** As the manual writes it; the first bytes of what is no instruction. */
export function formText(code: Uint8Array, bits: 16 | 32): string {
  const decoder = newDecoder(bits, code);
  const instruction = decoder.decode();
  try {
    if (instruction.code === iced().Code.INVALID) {
      return `bytes ${Buffer.from(code.subarray(0, SHOWN_BYTES)).toString('hex')}`;
    }
    const { opCode } = instruction;
    const text = opCode.instructionString;
    opCode.free();
    return instruction.hasLockPrefix ? `LOCK ${text}` : text;
  } finally {
    instruction.free();
    decoder.free();
  }
}
