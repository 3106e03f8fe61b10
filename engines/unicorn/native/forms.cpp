#include "forms.h"

namespace decouple {

namespace {

/** Whether the middle of ModR/M says which instruction it is (SDM vol. 2D, A.4, A.5). */
bool hasDigit(unsigned opcode) {
  if (opcode >= 0x80 && opcode <= 0x83) return true;
  if (opcode >= 0xd8 && opcode <= 0xdf) return true;
  switch (opcode) {
    case 0x8f:
    case 0xc0:
    case 0xc1:
    case 0xc6:
    case 0xc7:
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
    case 0xf6:
    case 0xf7:
    case 0xfe:
    case 0xff:
    case 0x0f00:
    case 0x0f01:
    case 0x0f18:
    case 0x0f71:
    case 0x0f72:
    case 0x0f73:
    case 0x0fae:
    case 0x0fba:
    case 0x0fc7:
      return true;
    default:
      return false;
  }
}

}  // namespace

uint64_t formOf(const uint8_t* bytes, const Instruction& instruction, bool code32) {
  const unsigned prefixes = prefixBytes(bytes, instruction);
  uint64_t form = instruction.opcode;
  form = form << 8 | (instruction.opcode == 0x0f38 || instruction.opcode == 0x0f3a ? bytes[prefixes + 2] : 0u);
  const bool x87Register = instruction.opcode >= 0xd8 && instruction.opcode <= 0xdf && !instruction.memory;
  const unsigned digit = hasDigit(instruction.opcode) ? instruction.modrm >> 3 & 7 : 0;
  form = form << 3 | digit;
  form = form << 3 | (x87Register ? instruction.modrm & 7 : 0);
  form = form << 1 | (instruction.memory ? 1 : 0);
  form = form << 2 | (instruction.operandSize >> 1 & 3);
  form = form << 2 | (instruction.addressSize >> 1 & 3);
  form = form << 2 | static_cast<unsigned>(selectingPrefix(bytes, prefixes));
  form = form << 1 | (instruction.repeated ? 1 : 0);
  form = form << 1 | (instruction.locked ? 1 : 0);
  return (form << 1 | (code32 ? 1 : 0)) << 1 | 1;
}

const SpoiledForm* Forms::spoiled(const Instruction& instruction) const {
  const int digit = static_cast<int>(instruction.modrm >> 3 & 7);
  for (const SpoiledForm& each : spoiled_) {
    if (each.opcode == instruction.opcode && (each.digit < 0 || each.digit == digit)) return &each;
  }
  return nullptr;
}

}  // namespace decouple
