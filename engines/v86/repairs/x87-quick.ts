/** Under what names JIT code finds the quick ways of x87 instructions: see assembly/float/x87-names.ts, which makes them. */
import type { Replacement } from './table.js';

/** An opcode with its three bits, the operand in memory: these are called what they are exported as. */
const IN_MEMORY: Record<string, string> = {
  D8: '01234567',
  D9: '02357',
  DA: '01234567',
  DB: '02357',
  DC: '01234567',
  DD: '023',
  DE: '01234567',
  DF: '02357',
};

/** D8, DC and DE differ in where the result goes, of which they are told. */
const ARITHMETIC = {
  0: 'x87_add',
  1: 'x87_multiply',
  4: 'x87_subtract',
  5: 'x87_subtract_reversed',
  6: 'x87_divide',
  7: 'x87_divide_reversed',
};

const MOVE_IF = { 0: 'x87_move_if', 1: 'x87_move_if', 2: 'x87_move_if', 3: 'x87_move_if' };

/** The same, between registers. */
const BETWEEN_REGISTERS: Record<string, Record<number, string>> = {
  D8: { ...ARITHMETIC, 2: 'x87_compare', 3: 'x87_compare_pop' },
  D9: { 0: 'x87_load', 1: 'x87_exchange' },
  DA: MOVE_IF,
  DB: { ...MOVE_IF, 5: 'x87_compare_flags', 6: 'x87_compare_flags' },
  DC: ARITHMETIC,
  DD: { 2: 'x87_store', 3: 'x87_store_pop', 4: 'x87_compare', 5: 'x87_compare_pop' },
  DE: ARITHMETIC,
  DF: { 5: 'x87_compare_flags_pop', 6: 'x87_compare_flags_pop' },
};

/** Instructions of two bytes. */
const SINGLE: Record<string, string> = {
  D9E0: 'x87_negate',
  D9E1: 'x87_absolute',
  D9E4: 'x87_test',
  D9E8: 'x87_one',
  D9EE: 'x87_zero',
  D9FA: 'x87_root',
  DAE9: 'x87_compare_pop_both',
  DED9: 'x87_compare_pop_both',
  DFE0: 'x87_status',
};

export const QUICK_X87: readonly Replacement[] = [
  ...Object.entries(IN_MEMORY).flatMap(([opcode, bits]) =>
    [...bits].map((three) => `x87_${opcode}_${three}m`).map((name) => ({ function: name, by: name })),
  ),
  ...Object.entries(BETWEEN_REGISTERS).flatMap(([opcode, ways]) =>
    Object.entries(ways).map(([three, by]) => ({ function: `x87_${opcode}_${three}r`, by })),
  ),
  ...Object.entries(SINGLE).map(([bytes, by]) => ({ function: `x87_${bytes}`, by })),
];
