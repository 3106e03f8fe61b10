/**
 * Prefixes that select an instruction after 0F. v86 takes 66 before F2, and F2 before F3; a processor takes the last of F2
 * and F3, and 66 where there is neither. And where they make no instruction v86 runs the one without them, a processor
 * raises #UD.
 */
import { analyze0f, generate0f, generateUndefined, run0f, TAKEN, UNDEFINED, undefinedOpcode } from '../system/engine';
import { codeByte } from '../system/decode';
import { eip, prefixes, setPrefixes } from '../system/registers';
import { run0F } from './sse-interpreter';
import { jit0F } from './sse-jit';
import { addressOf, prefixesOf, prefixesRead, readerOf, setPrefixesRead } from './emit';
import { PREFIX_66, PREFIX_F2, PREFIX_F3 } from './state';

const NONE = 1, OPERAND_SIZE = 2, F2 = 4, F3 = 8;

/** With which prefixes there is an instruction. */
function formsThere(opcode: i32): i32 {
  switch (opcode) {
    case 0x10: case 0x11: case 0x12: case 0x2a: case 0x2c: case 0x2d: case 0x51: case 0x58: case 0x59: case 0x5a:
    case 0x5c: case 0x5d: case 0x5e: case 0x5f: case 0x70: case 0xc2:
      return NONE | OPERAND_SIZE | F2 | F3;
    case 0x16: case 0x5b: case 0x6f: case 0x7e: case 0x7f:
      return NONE | OPERAND_SIZE | F3;
    case 0x52: case 0x53:
      return NONE | F3;
    case 0x7c: case 0x7d: case 0xd0:
      return OPERAND_SIZE | F2;
    case 0xd6: case 0xe6:
      return OPERAND_SIZE | F2 | F3;
    case 0x6c: case 0x6d:
      return OPERAND_SIZE;
    case 0xf0:
      return F2;
    case 0x77: case 0xae: case 0xc3:
      return NONE;
  }
  return NONE | OPERAND_SIZE;
}

/** @param last where the last prefix is, if there is one @returns the prefix that counts, of those given */
function selecting(given: i32, last: i32, physical: bool): i32 {
  const both = PREFIX_F2 | PREFIX_F3;
  const repeats = given & both;
  if (repeats == 0) return given & PREFIX_66;
  if (repeats != both) return repeats;
  // v86 keeps not which came first.
  let byte = codeByte(last, physical);
  while (byte != 0xf2 && byte != 0xf3) byte = codeByte(--last, physical);
  return byte == 0xf2 ? PREFIX_F2 : PREFIX_F3;
}

function fits(opcode: i32, prefix: i32): bool {
  const form = prefix == 0 ? NONE : prefix == PREFIX_66 ? OPERAND_SIZE : prefix == PREFIX_F2 ? F2 : F3;
  return (formsThere(opcode & 0xff) & form) != 0;
}

const ALL: i32 = PREFIX_66 | PREFIX_F2 | PREFIX_F3;
/** An opcode after 0F, with both. */
const OPCODE_BYTES: i32 = 2;

/** Opcodes after 0F of which prefixes select the instruction. */
function isSelected(opcode: i32): bool {
  return (
    (opcode >= 0x10 && opcode < 0x18) || (opcode >= 0x28 && opcode < 0x30) || (opcode >= 0x50 && opcode < 0x80) ||
    opcode == 0xc2 || opcode >= 0xd0
  );
}

/** In the place of the interpreter's dispatch of opcodes after 0F: with the prefix that counts. */
export function run0FSelected(opcode: i32): void {
  const given = prefixes();
  if ((given & (PREFIX_F2 | PREFIX_F3)) != 0 && isSelected(opcode & 0xff))
    setPrefixes((given & ~ALL) | selecting(given, eip() - OPCODE_BYTES - 1, false));
  run0F(opcode);
}

/** The same, in the place of the generator's. */
export function jit0FSelected(opcode: i32, context: usize, flags: usize): void {
  if (isSelected(opcode & 0xff)) selectIn(readerOf(context), opcode);
  jit0F(opcode, context, flags);
}

export function runSelected(opcode: i32): void {
  if (fits(opcode, prefixes() & ALL)) run0f(opcode | TAKEN);
  else undefinedOpcode();
}

/** Leaves in a reader of code the prefix that counts. @returns whether there is such an instruction */
function selectIn(reader: usize, opcode: i32): bool {
  const given = prefixesRead(reader);
  const prefix = selecting(given, addressOf(reader) - OPCODE_BYTES - 1, true);
  setPrefixesRead(reader, (given & ~ALL) | prefix);
  return fits(opcode, prefix);
}

export function analyzeSelected(opcode: i32, cpu: usize, analysis: usize): void {
  analyze0f(selectIn(cpu, opcode) ? opcode | TAKEN : UNDEFINED, cpu, analysis);
}

export function generateSelected(opcode: i32, context: usize, flags: usize): void {
  if (fits(opcode, prefixesOf(context) & ALL)) generate0f(opcode | TAKEN, context, flags);
  else generateUndefined(context);
}
