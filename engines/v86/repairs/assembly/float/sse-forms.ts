/** Which instructions after 0F there are, by opcode and prefix, and what they have in common. */
import { PREFIX_66, PREFIX_F2, PREFIX_F3 } from './state';

/** Which of the four forms an opcode has: bits 0 to 3 are none, 66, F2, F3. */
export function formsOf(opcode: i32): i32 {
  if (opcode >= 0x58 && opcode <= 0x5f) return opcode === 0x5b ? 0b1011 : 0b1111;
  switch (opcode) {
    case 0x2a:
    case 0x2c:
    case 0x2d:
    case 0x51:
    case 0xc2:
      return 0b1111;
    case 0x2e:
    case 0x2f:
      return 0b0011;
    case 0x52:
    case 0x53:
      return 0b1001;
    case 0x7c:
    case 0x7d:
    case 0xd0:
      return 0b0110;
    case 0xe6:
      return 0b1110;
    case 0xf0:
      return 0b0100;
    default:
      return 0;
  }
}

/** The same, of an instruction: RSQRT and RCP have no form with 66, which says nothing beside F3. */
export function prefixOf(opcode: i32, prefixes: i32): i32 {
  const approximates = opcode === 0x52 || opcode === 0x53;
  return approximates && (prefixes & PREFIX_F3) !== 0 ? 3 : prefixNumber(prefixes);
}

/** 0 none, 1 66, 2 F2, 3 F3: in the order in which the engine asks for them. */
export function prefixNumber(prefixes: i32): i32 {
  if (prefixes & PREFIX_66) return 1;
  if (prefixes & PREFIX_F2) return 2;
  return prefixes & PREFIX_F3 ? 3 : 0;
}

/**
 * Whether an instruction uses MMX registers: it waits for exceptions of the x87.
 * @param inRegister the operand that may be in memory is none
 */
export function isMmx(opcode: i32, prefix: i32, inRegister: bool): bool {
  if (prefix >= 2) return opcode === 0xd6;
  if (opcode === 0x2a) return inRegister;
  if (opcode === 0x2c || opcode === 0x2d) return true;
  if (prefix !== 0) return false;
  if (opcode >= 0x60 && opcode <= 0x7f) return opcode !== 0x6c && opcode !== 0x6d && (opcode < 0x78 || opcode >= 0x7e);
  return opcode === 0xc4 || opcode === 0xc5 || (opcode >= 0xd1 && opcode !== 0xd6 && opcode !== 0xe6 && opcode !== 0xf0);
}

/** MOVUPS, MOVUPD, MOVDQU, LDDQU. @param prefix 0 none, 1 66, 2 F2, 3 F3 */
export function mayBeUnaligned(opcode: i32, prefix: i32): bool {
  if (opcode === 0x10 || opcode === 0x11) return prefix <= 1;
  if (opcode === 0x6f || opcode === 0x7f) return prefix === 3;
  return opcode === 0xf0;
}

/** UNPCKLPS and UNPCKLPD: of an operand of 16 bytes in memory the engine reads the half that matters. */
export function readsHalf(opcode: i32): bool {
  return opcode === 0x14;
}
