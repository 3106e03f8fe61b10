#include "decode.h"

namespace decouple {

namespace {

// What follows an opcode byte: a ModR/M byte, and an immediate of one byte, two, one operand ("z": 2 or 4 bytes) or
// one address (2 or 4 bytes).
enum Form : uint8_t { kNone = 0, kModrm = 1, kByte = 2, kWord = 4, kOperand = 8, kAddress = 16 };

Form operator|(Form a, Form b) { return static_cast<Form>(static_cast<uint8_t>(a) | static_cast<uint8_t>(b)); }

/** Opcodes of one byte (SDM vol. 2D, table A-2). */
Form oneByteForm(unsigned opcode) {
  if (opcode < 0x40) {
    switch (opcode & 7) {
      case 4:
        return kByte;
      case 5:
        return kOperand;
      case 6:
      case 7:
        return kNone;
      default:
        return kModrm;
    }
  }
  if (opcode < 0x60) return kNone;
  switch (opcode) {
    case 0x62:
    case 0x63:
      return kModrm;
    case 0x68:
      return kOperand;
    case 0x69:
      return kModrm | kOperand;
    case 0x6a:
      return kByte;
    case 0x6b:
      return kModrm | kByte;
    case 0x80:
    case 0x82:
    case 0x83:
      return kModrm | kByte;
    case 0x81:
      return kModrm | kOperand;
    case 0x9a:
    case 0xea:
      return kWord | kOperand;
    case 0xa0:
    case 0xa1:
    case 0xa2:
    case 0xa3:
      return kAddress;
    case 0xa8:
      return kByte;
    case 0xa9:
      return kOperand;
    case 0xc0:
    case 0xc1:
    case 0xc6:
      return kModrm | kByte;
    case 0xc2:
    case 0xca:
      return kWord;
    case 0xc4:
    case 0xc5:
      return kModrm;
    case 0xc7:
      return kModrm | kOperand;
    case 0xc8:
      return kWord | kByte;
    case 0xcd:
    case 0xd4:
    case 0xd5:
    case 0xe4:
    case 0xe5:
    case 0xe6:
    case 0xe7:
    case 0xeb:
      return kByte;
    case 0xe8:
    case 0xe9:
      return kOperand;
    case 0xf6:
    case 0xf7:  // the immediate depends on ModR/M, see below
    case 0xfe:
    case 0xff:
      return kModrm;
  }
  if (opcode >= 0x70 && opcode < 0x80) return kByte;
  if (opcode >= 0x84 && opcode < 0x90) return kModrm;
  if (opcode >= 0xb0 && opcode < 0xb8) return kByte;
  if (opcode >= 0xb8 && opcode < 0xc0) return kOperand;
  if (opcode >= 0xd0 && opcode < 0xd4) return kModrm;
  if (opcode >= 0xd8 && opcode < 0xe0) return kModrm;
  if (opcode >= 0xe0 && opcode < 0xe4) return kByte;
  return kNone;
}

/** Opcodes of two bytes, after 0F (table A-3). */
Form twoByteForm(unsigned opcode) {
  switch (opcode) {
    case 0x05:
    case 0x06:
    case 0x07:
    case 0x08:
    case 0x09:
    case 0x0b:
    case 0x0e:
    case 0x30:
    case 0x31:
    case 0x32:
    case 0x33:
    case 0x34:
    case 0x35:
    case 0x37:
    case 0x77:
    case 0xa0:
    case 0xa1:
    case 0xa2:
    case 0xa8:
    case 0xa9:
    case 0xaa:
      return kNone;
    case 0x0f:
    case 0x70:
    case 0x71:
    case 0x72:
    case 0x73:
    case 0xa4:
    case 0xac:
    case 0xba:
    case 0xc2:
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return kModrm | kByte;
  }
  if (opcode >= 0x80 && opcode < 0x90) return kOperand;
  if (opcode >= 0xc8 && opcode < 0xd0) return kNone;
  return kModrm;
}

bool isPrefix(uint8_t byte) {
  switch (byte) {
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
    case 0x64:
    case 0x65:
    case 0x66:
    case 0x67:
    case 0xf0:
    case 0xf2:
    case 0xf3:
      return true;
    default:
      return false;
  }
}

bool isString(unsigned opcode) {
  return (opcode >= 0x6c && opcode <= 0x6f) || (opcode >= 0xa4 && opcode <= 0xa7) || (opcode >= 0xaa && opcode <= 0xaf);
}

bool isBlockEnd(const Instruction& i) {
  const unsigned op = i.opcode;
  if (op >= 0x0f80 && op <= 0x0f8f) return true;
  switch (op) {
    case 0x0f05:
    case 0x0f07:
    case 0x0f0b:
    case 0x0f34:
    case 0x0f35:
    case 0x9a:
    case 0xc2:
    case 0xc3:
    case 0xca:
    case 0xcb:
    case 0xcc:
    case 0xcd:
    case 0xcf:
    case 0xe8:
    case 0xe9:
    case 0xea:
    case 0xeb:
    case 0xf4:
      return true;
    case 0xff: {
      const unsigned kind = (i.modrm >> 3) & 7;
      return kind >= 2 && kind <= 5;
    }
  }
  return (op >= 0x70 && op < 0x80) || (op >= 0xe0 && op < 0xe4) || i.repeated;
}

/** Bytes of a ModR/M operand after the ModR/M byte itself; `sib` is the byte after it. */
unsigned operandBytes(unsigned modrm, unsigned sib, unsigned addressSize) {
  const unsigned mode = modrm >> 6;
  const unsigned rm = modrm & 7;
  if (mode == 3) return 0;
  if (addressSize == 2) return mode == 0 ? (rm == 6 ? 2 : 0) : mode;
  const unsigned sibBytes = rm == 4 ? 1 : 0;
  if (mode == 1) return sibBytes + 1;
  if (mode == 2) return sibBytes + 4;
  const bool displacement = rm == 5 || (rm == 4 && (sib & 7) == 5);
  return sibBytes + (displacement ? 4 : 0);
}

/** The segment register that a prefix names, or -1. */
int segmentOfPrefix(uint8_t byte) {
  constexpr uint8_t kPrefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};
  for (int i = 0; i < 6; ++i) {
    if (kPrefixes[i] == byte) return i;
  }
  return -1;
}

/** Whether a memory operand is relative to ESP or EBP, and so in the stack segment by default (SDM vol. 2A, 2.1.5). */
bool basedOnStack(unsigned modrm, unsigned sib, unsigned addressSize) {
  const unsigned mode = modrm >> 6;
  const unsigned rm = modrm & 7;
  if (addressSize == 2) return rm == 2 || rm == 3 || (rm == 6 && mode != 0);
  const unsigned base = rm == 4 ? sib & 7 : rm;
  return base == 5 ? mode != 0 : base == 4;
}

}  // namespace

unsigned prefixBytes(const uint8_t* bytes, const Instruction& instruction) {
  unsigned count = 0;
  while (count < instruction.length && isPrefix(bytes[count])) ++count;
  return count;
}

Instruction decodeInstruction(const uint8_t* bytes, size_t available, bool code32) {
  Instruction result{0, 0, 0, false, false, code32 ? 4u : 2u, code32 ? 4u : 2u, false, -1, false, false};
  const size_t limit = available < kLongestInstruction ? available : kLongestInstruction;
  size_t at = 0;
  bool repeatPrefix = false;
  for (; at < limit && isPrefix(bytes[at]); ++at) {
    if (bytes[at] == 0x66) result.operandSize = code32 ? 2 : 4;
    if (bytes[at] == 0x67) result.addressSize = code32 ? 2 : 4;
    if (bytes[at] == 0xf2 || bytes[at] == 0xf3) repeatPrefix = true;
    if (bytes[at] == 0xf0) result.locked = true;
    const int segment = segmentOfPrefix(bytes[at]);
    if (segment >= 0) result.segmentPrefix = segment;
  }
  if (at >= limit) return result;
  result.opcode = bytes[at++];
  Form form;
  if (result.opcode == 0x0f) {
    if (at >= limit) return result;
    const unsigned second = bytes[at++];
    result.opcode = 0x0f00 | second;
    form = twoByteForm(second);
    if (second == 0x38 || second == 0x3a) {
      if (at >= limit) return result;
      ++at;
      form = second == 0x3a ? kModrm | kByte : kModrm;
    }
  } else {
    form = oneByteForm(result.opcode);
  }
  result.repeated = repeatPrefix && isString(result.opcode);
  if (form & kModrm) {
    if (at >= limit) return result;
    result.modrm = bytes[at++];
    const unsigned sib = at < limit ? bytes[at] : 0;
    const unsigned mode = result.modrm >> 6;
    if (at >= limit && mode != 3 && result.addressSize == 4 && (result.modrm & 7) == 4) return result;
    // MOV to and from control and debug registers takes a register whatever the mode says.
    const bool registerOnly = result.opcode >= 0x0f20 && result.opcode <= 0x0f23;
    result.memory = mode != 3 && !registerOnly;
    result.onStack = result.memory && basedOnStack(result.modrm, sib, result.addressSize);
    if (!registerOnly) at += operandBytes(result.modrm, sib, result.addressSize);
    const bool test = (result.opcode == 0xf6 || result.opcode == 0xf7) && ((result.modrm >> 3) & 7) < 2;
    if (test) at += result.opcode == 0xf6 ? 1 : result.operandSize;
  }
  result.endsBlock = isBlockEnd(result);
  if (form & kByte) at += 1;
  if (form & kWord) at += 2;
  if (form & kOperand) at += result.operandSize;
  if (form & kAddress) at += result.addressSize;
  if (at > limit) return result;
  result.length = static_cast<unsigned>(at);
  return result;
}

Prefix selectingPrefix(const uint8_t* bytes, unsigned count) {
  bool wide = false, repeat = false, repeatNot = false;
  for (unsigned i = 0; i < count; ++i) {
    wide = wide || bytes[i] == 0x66;
    if (bytes[i] == 0xf3) repeat = true, repeatNot = false;
    if (bytes[i] == 0xf2) repeatNot = true, repeat = false;
  }
  return repeat ? kRepeat : repeatNot ? kRepeatNot : wide ? kOperandSize : kNoPrefix;
}

}  // namespace decouple
