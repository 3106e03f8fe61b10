/** How instructions are built: their lengths, and which may be locked. */
import { walk } from './engine';
import { cpl, is32, previousEip } from './registers';

/** Where the engine keeps the address of guest RAM. */
const RAM: usize = 8478052;

/** A processor refuses what is longer. */
export const LONGEST = 15;

/** Where code is read from: by linear address as it runs, or by physical address as it is translated; -1 where not. */
export function codeByte(address: i32, physical: bool): i32 {
  if (physical) return load<u8>(load<usize>(RAM) + address);
  const page = walk(address, 0, cpl() == 3, 0, 0);
  return page == 0 ? -1 : load<u8>((page & ~0xfff) ^ address);
}

// @ts-ignore: decorator
@inline export function isPrefix(byte: i32): bool {
  return (
    byte == 0x66 || byte == 0x67 || byte == 0xf0 || byte == 0xf2 || byte == 0xf3 ||
    (byte & 0xe7) == 0x26 || byte == 0x64 || byte == 0x65
  );
}

/** Bytes of a ModRM operand, with the byte itself; 0 where they cannot be read. */
export function modrmBytes(address: i32, address32: bool, physical: bool): i32 {
  const modrm = codeByte(address, physical);
  if (modrm < 0) return 0;
  const mode = modrm >> 6;
  const base = modrm & 7;
  if (mode == 3) return 1;
  if (!address32) {
    if (mode == 0) return base == 6 ? 3 : 1;
    return 1 + mode;
  }
  const displacement = mode == 1 ? 1 : mode == 2 ? 4 : 0;
  if (base != 4) return 1 + (mode == 0 && base == 5 ? 4 : displacement);
  if (mode != 0) return 2 + displacement;
  const sib = codeByte(address + 1, physical);
  if (sib < 0) return 0;
  return (sib & 7) == 5 ? 6 : 2;
}

/** Whether an opcode of one byte has a ModRM byte. */
function hasModrm(opcode: i32): bool {
  if (opcode < 0x40) return (opcode & 7) < 4;
  if (opcode < 0x80) return opcode == 0x62 || opcode == 0x63 || opcode == 0x69 || opcode == 0x6b;
  if (opcode < 0xc0) return opcode < 0x90;
  return (
    opcode == 0xc0 || opcode == 0xc1 || (opcode >= 0xc4 && opcode <= 0xc7) ||
    (opcode >= 0xd0 && opcode <= 0xd3) || (opcode >= 0xd8 && opcode <= 0xdf) ||
    opcode == 0xf6 || opcode == 0xf7 || opcode >= 0xfe
  );
}

/** Bytes of an immediate operand after an opcode of one byte. `group`: bits 3 to 5 of its ModRM byte. */
function immediate(opcode: i32, group: i32, operand32: bool, address32: bool): i32 {
  const word = operand32 ? 4 : 2;
  if (opcode < 0x40) return (opcode & 7) == 4 ? 1 : (opcode & 7) == 5 ? word : 0;
  if (opcode >= 0x70 && opcode < 0x80) return 1;
  if (opcode >= 0xb0 && opcode < 0xc0) return opcode < 0xb8 ? 1 : word;
  if (opcode >= 0xa0 && opcode < 0xa4) return address32 ? 4 : 2;
  switch (opcode) {
    case 0x6a: case 0x6b: case 0x80: case 0x82: case 0x83: case 0xa8: case 0xc0: case 0xc1: case 0xc6: case 0xcd:
    case 0xd4: case 0xd5: case 0xe0: case 0xe1: case 0xe2: case 0xe3: case 0xe4: case 0xe5: case 0xe6: case 0xe7:
    case 0xeb:
      return 1;
    case 0x68: case 0x69: case 0x81: case 0xa9: case 0xc7: case 0xe8: case 0xe9:
      return word;
    case 0x9a: case 0xea:
      return word + 2;
    case 0xc2: case 0xca:
      return 2;
    case 0xc8:
      return 3;
    case 0xf6:
      return group < 2 ? 1 : 0;
    case 0xf7:
      return group < 2 ? word : 0;
  }
  return 0;
}

/** Whether an opcode after 0F has a ModRM byte. */
function hasModrm0f(opcode: i32): bool {
  switch (opcode) {
    case 0x04: case 0x05: case 0x06: case 0x07: case 0x08: case 0x09: case 0x0a: case 0x0b: case 0x0c: case 0x0e:
    case 0x77: case 0xa0: case 0xa1: case 0xa2: case 0xa8: case 0xa9: case 0xaa:
      return false;
  }
  if (opcode >= 0x30 && opcode < 0x38) return false;
  if (opcode >= 0x80 && opcode < 0x90) return false;
  return !(opcode >= 0xc8 && opcode < 0xd0);
}

function immediate0f(opcode: i32, operand32: bool): i32 {
  if (opcode >= 0x80 && opcode < 0x90) return operand32 ? 4 : 2;
  if (opcode >= 0x70 && opcode <= 0x73) return 1;
  return opcode == 0xa4 || opcode == 0xac || opcode == 0xba || opcode == 0xc2 || (opcode >= 0xc4 && opcode <= 0xc6)
    ? 1
    : 0;
}

/**
 * Length of an instruction; `LONGEST` + 1 for all that is longer; 0 where its bytes cannot be read.
 * @param code32 whether operands and addresses have 32 bits without a prefix
 */
export function length(start: i32, code32: bool, physical: bool): i32 {
  let operand32 = code32;
  let address32 = code32;
  let n = 0;
  let opcode: i32;
  for (;;) {
    if (n >= LONGEST) return LONGEST + 1;
    opcode = codeByte(start + n++, physical);
    if (opcode < 0) return 0;
    if (!isPrefix(opcode)) break;
    if (opcode == 0x66) operand32 = !code32;
    if (opcode == 0x67) address32 = !code32;
  }
  let two = false;
  if (opcode == 0x0f) {
    if (n >= LONGEST) return LONGEST + 1;
    opcode = codeByte(start + n++, physical);
    if (opcode < 0) return 0;
    two = true;
  }
  let group = 0;
  if (two ? hasModrm0f(opcode) : hasModrm(opcode)) {
    if (n >= LONGEST) return LONGEST + 1;
    const bytes = modrmBytes(start + n, address32, physical);
    if (bytes == 0) return 0;
    group = (codeByte(start + n, physical) >> 3) & 7;
    n += bytes;
  }
  n += two ? immediate0f(opcode, operand32) : immediate(opcode, group, operand32, address32);
  return n > LONGEST ? LONGEST + 1 : n;
}

/** Whether LOCK may stand before what is at `address`; also where that cannot be read. */
export function mayLock(address: i32, physical: bool): bool {
  let opcode: i32;
  let n = 0;
  do {
    if (n > LONGEST) return true;
    opcode = codeByte(address + n++, physical);
    if (opcode < 0) return true;
  } while (isPrefix(opcode));
  const two = opcode == 0x0f;
  if (two) {
    opcode = codeByte(address + n++, physical);
    if (opcode < 0) return true;
  }
  const modrm = codeByte(address + n, physical);
  if (modrm < 0) return true;
  const group = (modrm >> 3) & 7;
  if (modrm >= 0xc0) return false;
  if (two) {
    switch (opcode) {
      case 0xab: case 0xb3: case 0xbb: case 0xb0: case 0xb1: case 0xc0: case 0xc1:
        return true;
      case 0xba:
        return group >= 5;
      case 0xc7:
        return group == 1;
    }
    return false;
  }
  // ADD to XOR, but for CMP, with their target in memory
  if (opcode < 0x38) return (opcode & 7) < 2;
  switch (opcode) {
    case 0x80: case 0x81: case 0x82: case 0x83:
      return group != 7;
    case 0x86: case 0x87:
      return true;
    case 0xf6: case 0xf7:
      return group == 2 || group == 3;
    case 0xfe: case 0xff:
      return group < 2;
  }
  return false;
}

/** Whether operands of the instruction under way have 32 bits. */
export function operand32(): bool {
  const own = is32() != 0;
  let address = previousEip();
  let byte: i32;
  do {
    byte = codeByte(address++, false);
    if (byte == 0x66) return !own;
  } while (byte >= 0 && isPrefix(byte));
  return own;
}
