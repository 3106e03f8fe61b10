/**
 * Which x87 instructions have a quick way, and the names under which JIT code imports it: "x87_D8_0m" and "x87_D8_0r" by
 * an opcode and its three bits, with an operand in memory and without; "x87_D9E0" by both bytes. ../../x87-quick.ts gives them.
 */
import * as emit from './emit';
import { SCRATCH } from './state';

/** Bits of the three bits, a byte for each of D8 to DF from the lowest up. */
const IN_MEMORY: u64 = 0xadff0dffadffadff;
const BETWEEN_REGISTERS: u64 = 0x60f33cf36f0f03ff;
/** "x87_D", and "_" behind a digit. */
const BEGIN: u64 = 0x445f373878;
const SEPARATOR: u64 = 0x5f000000000000;
const MEMORY: u8 = 0x6d;
const REGISTERS: u8 = 0x72;

export function hasQuickWay(escape: i32, modrm: i32): bool {
  const which = modrm >= 0xc0 ? BETWEEN_REGISTERS : IN_MEMORY;
  return ((which >> ((escape << 3) | ((modrm >> 3) & 7))) & 1) !== 0 || (modrm >= 0xc0 && isSingle(escape, modrm));
}

/** FCHS, FABS, FTST, FLD1, FLDZ, FSQRT; FUCOMPP, FCOMPP, FNSTSW AX. */
function isSingle(escape: i32, modrm: i32): bool {
  if (escape === 1) {
    return modrm === 0xe0 || modrm === 0xe1 || modrm === 0xe4 || modrm === 0xe8 || modrm === 0xee || modrm === 0xfa;
  }
  return escape === 2 ? modrm === 0xe9 : escape === 6 ? modrm === 0xd9 : escape === 7 && modrm === 0xe0;
}

/** Code that calls it; what it takes was pushed. */
export function callQuickWay(builder: usize, escape: i32, modrm: i32): void {
  const inRegisters = modrm >= 0xc0;
  const type = inRegisters ? emit.TYPE_I32_RETURNS_I32 : emit.TYPE_TWO_I32_RETURNS_I32;
  const name = BEGIN | (hex(8 + escape) << 40);
  if (inRegisters && isSingle(escape, modrm)) {
    store<u64>(SCRATCH, name | (hex(modrm >> 4) << 48) | (hex(modrm & 15) << 56));
    emit.call(builder, SCRATCH, 8, type);
    return;
  }
  store<u64>(SCRATCH, name | SEPARATOR | (hex((modrm >> 3) & 7) << 56));
  store<u8>(SCRATCH + 8, inRegisters ? REGISTERS : MEMORY);
  emit.call(builder, SCRATCH, 9, type);
}

function hex(digit: i32): u64 {
  return <u64>(digit < 10 ? 0x30 + digit : 0x41 - 10 + digit);
}
