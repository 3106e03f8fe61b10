#include "classify.h"

namespace decouple {

bool isPushSegment(const Instruction& instruction) {
  if (instruction.operandSize != 4) return false;
  switch (instruction.opcode) {
    case 0x06:
    case 0x0e:
    case 0x16:
    case 0x1e:
    case 0x0fa0:
    case 0x0fa8:
      return true;
    default:
      return false;
  }
}

bool isBulkString(const Instruction& instruction) {
  const unsigned opcode = instruction.opcode;
  return instruction.repeated && (opcode == 0xa4 || opcode == 0xa5 || opcode == 0xaa || opcode == 0xab);
}

bool isReadModifyWrite(const Instruction& instruction) {
  if (instruction.modrm >> 6 == 3) return false;
  const unsigned extension = instruction.modrm >> 3 & 7;
  const unsigned opcode = instruction.opcode;
  // ADD to XOR with a memory destination; CMP only reads.
  if (opcode < 0x38 && (opcode & 6) == 0) return true;
  switch (opcode) {
    case 0x80:
    case 0x81:
    case 0x82:
    case 0x83:
      return extension != 7;
    case 0x63:
    case 0x86:
    case 0x87:
    case 0xc0:
    case 0xc1:
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
    case 0x0fa4:
    case 0x0fa5:
    case 0x0fab:
    case 0x0fac:
    case 0x0fad:
    case 0x0fb0:
    case 0x0fb1:
    case 0x0fb3:
    case 0x0fbb:
    case 0x0fc0:
    case 0x0fc1:
      return true;
    case 0xf6:
    case 0xf7:
      return extension == 2 || extension == 3;
    case 0xfe:
    case 0xff:
      return extension < 2;
    case 0x0fba:
      return extension > 4;
    case 0x0fc7:
      return extension == 1;
    default:
      return false;
  }
}

bool accessesInParts(const Instruction& instruction) {
  const unsigned extension = instruction.modrm >> 3 & 7;
  switch (instruction.opcode) {
    case 0x60:
    case 0x61:
    case 0x62:
    case 0x9a:
    case 0xc4:
    case 0xc5:
    case 0xc8:
    case 0xca:
    case 0xcb:
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
    case 0xea:
      return true;
    case 0xff:
      return extension == 3 || extension == 5;
    case 0x0f00:
    case 0x0f01:
    case 0x0fb2:
    case 0x0fb4:
    case 0x0fb5:
      return instruction.memory;
    case 0x0fae:
      return instruction.memory && extension < 2;
    default:
      return false;
  }
}

bool accessesManyBytes(const Instruction& instruction) {
  if (!instruction.memory) return false;
  const unsigned opcode = instruction.opcode;
  if (opcode >= 0xd8 && opcode <= 0xdf) return true;
  if (opcode < 0x0f00) return false;
  const unsigned second = opcode & 0xff;
  return (second >= 0x10 && second <= 0x17) || (second >= 0x28 && second <= 0x2f) ||
         (second >= 0x50 && second <= 0x7f) || second == 0xc2 || second == 0xc6 || second == 0xc7 || second >= 0xd0;
}

bool isBreakpointTrap(const Instruction& instruction) { return instruction.opcode == 0xf1; }

bool storesMachineStatus(const Instruction& instruction) {
  return instruction.opcode == 0x0f01 && !instruction.memory && instruction.modrm >= 0xc0 &&
         (instruction.modrm >> 3 & 7) == 4 && instruction.operandSize == 4 && !instruction.locked;
}

bool isRepeatedCompare(const Instruction& instruction) {
  const unsigned operation = instruction.opcode & ~1u;
  return instruction.repeated && (operation == 0xa6 || operation == 0xae);
}

bool isReturn(const Instruction& instruction) { return instruction.opcode == 0xc2 || instruction.opcode == 0xca; }

bool isSwapOfHalf(const Instruction& instruction) {
  return instruction.opcode >= 0x0fc8 && instruction.opcode <= 0x0fcf && instruction.operandSize == 2 &&
         !instruction.locked;
}

bool loadsHalf(const uint8_t* bytes, const Instruction& instruction) {
  if (instruction.locked) return false;
  const Prefix prefix = selectingPrefix(bytes, prefixBytes(bytes, instruction));
  switch (instruction.opcode) {
    case 0x0f2c:
    case 0x0f2d:
    case 0x0f5a:
    case 0x0f60:
    case 0x0f61:
    case 0x0f62:
      return prefix == kNoPrefix;
    case 0x0fe6:
      return prefix == kRepeat;
    default:
      return false;
  }
}

bool isBitTest(const Instruction& instruction) {
  switch (instruction.opcode) {
    case 0x0fa3:
    case 0x0fab:
    case 0x0fb3:
    case 0x0fbb:
    case 0x0fba:
      return true;
    default:
      return false;
  }
}

bool isFarBitTest(const Instruction& instruction) {
  constexpr unsigned kByImmediate = 0x0fba;
  return isBitTest(instruction) && instruction.memory && instruction.opcode != kByImmediate &&
         instruction.addressSize == 2;
}

bool isCountOfOtherSize(const uint8_t* bytes, const Instruction& instruction) {
  constexpr unsigned kCount = 0x0fb8;
  if (instruction.opcode != kCount || instruction.locked) return false;
  bool sized = false, repeat = false, repeatNot = false;
  for (unsigned i = 0; i < prefixBytes(bytes, instruction); ++i) {
    sized = sized || bytes[i] == 0x66;
    repeat = repeat || bytes[i] == 0xf3;
    repeatNot = repeatNot || bytes[i] == 0xf2;
  }
  return repeat && !repeatNot && sized == (instruction.operandSize == 4);
}

bool isLoadFlags(const Instruction& instruction) { return instruction.opcode == 0x9f; }

}  // namespace decouple
