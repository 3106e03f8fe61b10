#include "operand.h"

#include <cstring>

namespace decouple {

namespace {

/** Base and index of 16-bit addressing (SDM vol. 2A, table 2-1). */
constexpr int8_t kBases16[] = {kEbx, kEbx, kEbp, kEbp, kEsi, kEdi, kEbp, kEbx};
constexpr int8_t kIndexes16[] = {kEsi, kEdi, kEsi, kEdi, -1, -1, -1, -1};

uint32_t displacementAt(const uint8_t* bytes, unsigned size) {
  if (size == 1) return static_cast<uint32_t>(static_cast<int32_t>(static_cast<int8_t>(bytes[0])));
  uint32_t value = 0;
  std::memcpy(&value, bytes, size);
  return size == 2 ? static_cast<uint32_t>(static_cast<int32_t>(static_cast<int16_t>(value))) : value;
}

}  // namespace

MemoryOperand decodeOperand(const uint8_t* bytes, const Instruction& instruction) {
  MemoryOperand operand{-1, -1, 0, kDs, 0, instruction.addressSize == 2 ? 0xffff : 0xffffffff};
  if (instruction.onStack) operand.segment = kSs;
  if (instruction.segmentPrefix >= 0) operand.segment = static_cast<uint8_t>(instruction.segmentPrefix);
  unsigned at = prefixBytes(bytes, instruction) + (instruction.opcode > 0xff ? 2 : 1);
  const unsigned modrm = bytes[at++];
  const unsigned mode = modrm >> 6, rm = modrm & 7;
  unsigned displaced = mode == 1 ? 1 : mode == 2 ? instruction.addressSize : 0;
  if (instruction.addressSize == 2) {
    if (mode == 0 && rm == 6) {
      displaced = 2;
    } else {
      operand.base = kBases16[rm];
      operand.index = kIndexes16[rm];
    }
  } else {
    unsigned base = rm;
    if (rm == 4) {
      const unsigned sib = bytes[at++];
      base = sib & 7;
      operand.scale = static_cast<uint8_t>(sib >> 6);
      if ((sib >> 3 & 7) != 4) operand.index = static_cast<int8_t>(sib >> 3 & 7);
    }
    if (mode == 0 && base == 5) {
      displaced = 4;
    } else {
      operand.base = static_cast<int8_t>(base);
    }
  }
  if (displaced != 0) operand.displacement = displacementAt(bytes + at, displaced);
  return operand;
}

MemoryOperand implicitOperand(int base, const Instruction& instruction) {
  MemoryOperand operand{static_cast<int8_t>(base), -1, 0, kDs, 0, instruction.addressSize == 2 ? 0xffff : 0xffffffff};
  if (instruction.segmentPrefix >= 0) operand.segment = static_cast<uint8_t>(instruction.segmentPrefix);
  return operand;
}

}  // namespace decouple
