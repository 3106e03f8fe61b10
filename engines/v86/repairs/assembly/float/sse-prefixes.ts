/** Prefixes that make no instruction of an opcode after 0F: v86 runs the one without them, a processor raises #UD. */
import { analyze0f, generate0f, generateUndefined, run0f, TAKEN, UNDEFINED, undefinedOpcode } from '../system/engine';
import { prefixes } from '../system/registers';
import { prefixesOf, prefixesRead } from './emit';
import { PREFIX_66, PREFIX_F2, PREFIX_F3 } from './state';

const NONE = 1, OPERAND_SIZE = 2, F2 = 4, F3 = 8;

/** With which prefixes there is an instruction. */
function formsThere(opcode: i32): i32 {
  switch (opcode) {
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

/** F2 and F3 count more than 66. */
function fits(opcode: i32, given: i32): bool {
  const there = formsThere(opcode & 0xff);
  if ((given & (PREFIX_F2 | PREFIX_F3)) != 0)
    return ((given & PREFIX_F2) != 0 && (there & F2) != 0) || ((given & PREFIX_F3) != 0 && (there & F3) != 0);
  return (there & ((given & PREFIX_66) != 0 ? OPERAND_SIZE : NONE)) != 0;
}

export function runSelected(opcode: i32): void {
  if (fits(opcode, prefixes())) run0f(opcode | TAKEN);
  else undefinedOpcode();
}

export function analyzeSelected(opcode: i32, cpu: usize, analysis: usize): void {
  analyze0f(fits(opcode, prefixesRead(cpu)) ? opcode | TAKEN : UNDEFINED, cpu, analysis);
}

export function generateSelected(opcode: i32, context: usize, flags: usize): void {
  if (fits(opcode, prefixesOf(context))) generate0f(opcode | TAKEN, context, flags);
  else generateUndefined(context);
}
