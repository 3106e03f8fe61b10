/** Repairs of floating point. */
import type { Repair, Replacement } from './table.js';
import { QUICK_X87 } from './x87-quick.js';

const of = (names: string, prefix = ''): Replacement[] =>
  names
    .trim()
    .split(/\s+/)
    .map((name) => ({
      function: prefix + name,
      by: name.startsWith('sse_convert_') ? name.replace('sse_convert', 'whole') : `sse_${name}`,
    }));

/** Opcodes after 0F of ADD, MUL, SUB, MIN, DIV, MAX and SQRT, in four forms each. */
const ARITHMETIC = ['51', '58', '59', '5C', '5D', '5E', '5F'].flatMap((opcode) =>
  ['', '66', 'F2', 'F3'].map((prefix) => `${prefix}0F${opcode}`),
);

export const SSE: Repair = {
  id: 'sse-arithmetic',
  why:
    'v86 rounds to nearest whatever MXCSR says, knows neither FTZ nor DAZ, raises no flag, leaves the choice of a NaN ' +
    'to the host, and has no ADDSUBPS, ADDSUBPD and LDDQU. A processor does as MXCSR says, sets its sticky flags, and ' +
    'takes the first NaN.',
  upstream: 'copy/v86#835',
  test: 'test/relog/float.test.ts',
  replaced: [
    ...of(ARITHMETIC.join(' '), 'instr_'),
    ...of('0F52 F30F52 0F53 F30F53 0F2E 660F2E 0FC2 660FC2 F20FC2 F30FC2', 'instr_'),
    ...of('0F2A F30F2A 0F5A 660F5A F20F5A F30F5A 0F5B 660F5B F30F5B 660FE6 F20FE6', 'instr_'),
    ...of('0F2C_reg 0F2D_reg 660F2C_reg 660F2D_reg 0F2C_mem 0F2D_mem 660F2C_mem 660F2D_mem', 'instr_'),
    ...of('660F7C 660F7D F20F7C F20F7D', 'instr_'),
    ...of('sse_convert_f32_to_i32 sse_convert_f64_to_i32'),
    ...of('sse_convert_with_truncation_f32_to_i32 sse_convert_with_truncation_f64_to_i32'),
    { function: 'gen::interpreter0f::run', by: 'run0F' },
    { function: 'gen::jit0f::jit', by: 'jit0F' },
  ],
  exported: [
    ...of('0F2F 660F2F', 'instr_'),
    // Those of JIT code that v86 takes for undefined.
    { function: 'instr_0FD0', by: 'runUndefined0F' },
    { function: 'instr_0FF0', by: 'runUndefined0F' },
    // Of no use to v86 itself.
    { function: 'trigger_nm_jit', by: 'trapJit' },
  ],
};

export const SSE_ALIGNMENT: Repair = {
  id: 'sse-alignment',
  why: 'v86 takes operands of 16 bytes at any address. A processor raises #GP(0) but for MOVUPS, MOVUPD, MOVDQU and LDDQU.',
  upstream: null,
  test: 'test/relog/float.test.ts',
  replaced: [
    { function: 'cpu::safe_read128s', by: 'safeRead128' },
    { function: 'cpu::safe_write128', by: 'safeWrite128' },
    { function: 'codegen::gen_safe_read', by: 'jitSafeRead' },
    { function: 'codegen::gen_safe_write', by: 'jitSafeWrite' },
  ],
};

const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i);

/** Opcodes after 0F of which prefixes select the instruction. */
const PREFIXED = [
  ...[...range(0x10, 0x12), 0x2a, 0x2c, 0x2d, 0x51, ...range(0x58, 0x5a), ...range(0x5c, 0x5f), 0x70, 0xc2],
  ...[...range(0x13, 0x17), 0x28, 0x29, 0x2b, 0x2e, 0x2f, 0x50, ...range(0x52, 0x57), 0x5b, ...range(0x60, 0x6f)],
  ...[...range(0x71, 0x77), ...range(0x7c, 0x7f), 0xae, ...range(0xc3, 0xc6), ...range(0xd0, 0xfe)],
];

export const SSE_PREFIXES: Repair = {
  id: 'sse-prefixes',
  why:
    'v86 runs instructions of MMX and SSE with F2, F3 or 66 before them that they have no form with. A processor raises #UD. ' +
    'Of several v86 takes 66, then F2; a processor takes the last of F2 and F3.',
  upstream: null,
  test: 'test/engines/v86/sse-prefixes.test.ts',
  taken: [
    { table: 'run0f', opcodes: PREFIXED, by: 'runSelected' },
    { table: 'analyze0f', opcodes: PREFIXED, by: 'analyzeSelected' },
    { table: 'generate0f', opcodes: PREFIXED, by: 'generateSelected' },
  ],
  replaced: [
    { function: 'gen::interpreter0f::run', by: 'run0FSelected' },
    { function: 'gen::jit0f::jit', by: 'jit0FSelected' },
  ],
};

const ESCAPES = [0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf];

export const X87: Repair = {
  id: 'x87',
  why:
    'v86 raises no exception of the x87 but some IE, ZE and UE, has no C1, takes the wrong NaN, computes with numbers that ' +
    'the x87 does not support, delivers no #MF, computes remainders and scales by way of quotients and powers, keeps no ' +
    'pointers, and has neither FBLD nor FNSAVE and FRSTOR of 16 bits.',
  upstream: null,
  test: 'test/relog/float.test.ts',
  taken: [
    { table: 'run', opcodes: ESCAPES, by: 'x87Run' },
    { table: 'run', opcodes: [0x9b], by: 'x87Wait' },
    { table: 'generate', opcodes: ESCAPES, by: 'x87Jit' },
  ],
  replaced: [
    { function: 'instr16_D9_4_reg', by: 'x87D94' },
    { function: 'instr16_D9_5_reg', by: 'x87D95' },
    { function: 'instr16_D9_6_reg', by: 'x87D96' },
    { function: 'instr16_D9_7_reg', by: 'x87D97' },
    { function: 'fpu_fstenv16', by: 'fstenv16' },
    { function: 'fpu_fstenv32', by: 'fstenv32' },
    { function: 'fpu_load_tag_word', by: 'tagWord' },
    { function: 'set_control_word', by: 'setControlWord' },
    { function: 'instr_0FAE_0_mem', by: 'fxsave' },
    { function: 'instr_0FAE_1_mem', by: 'fxrstor' },
    { function: 'instr_9B', by: 'wait' },
    { function: 'instr_0F77', by: 'emms' },
  ],
  exported: [
    { function: 'fpu_fadd', by: 'x87FromJit' },
    { function: 'fpu_fucompp', by: 'pendingJit' },
  ],
  added: QUICK_X87,
};

export const X87_LOGARITHMS: Repair = {
  id: 'x87-logarithms',
  why:
    'v86 computes FYL2X, FYL2XP1 and FPATAN in doubles: of operands or results beyond those it makes zeros, infinities and NaNs, ' +
    'without the exceptions; and FYL2XP1 and F2XM1 of a small number have few right bits, or none.',
  upstream: null,
  test: 'test/engines/v86/x87-wide.test.ts',
  replaced: [
    { function: 'instr16_D9_6_reg', by: 'preciseD96' },
    { function: 'instr16_D9_7_reg', by: 'preciseD97' },
  ],
};
