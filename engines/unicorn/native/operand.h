/** Memory operands of ModR/M instructions: what they name, and where that lies. */
#pragma once

#include <cstddef>
#include <cstdint>

#include "abi.h"
#include "decode.h"

namespace decouple {

/** Base, index and displacement of an operand in memory (SDM vol. 2A, 2.1.5). */
struct MemoryOperand {
  /** General registers, or -1. */
  int8_t base, index;
  /** log2 of the factor of the index. */
  uint8_t scale;
  uint8_t segment;
  uint32_t displacement;
  /** 0xffff or 0xffffffff: offsets wrap around there. */
  uint32_t mask;
};

/** The operand of `instruction`, whose bytes these are; it must have one in memory. */
MemoryOperand decodeOperand(const uint8_t* bytes, const Instruction& instruction);

/** The operand of an instruction that names none: where a register points, in DS or another segment that a prefix
 * names. */
MemoryOperand implicitOperand(int base, const Instruction& instruction);

/** The operand's offset in its segment. */
inline uint32_t offsetOf(Env env, const MemoryOperand& operand) {
  uint32_t offset = operand.displacement;
  if (operand.base >= 0) offset += env.gpr32(operand.base);
  if (operand.index >= 0) offset += env.gpr32(operand.index) << operand.scale;
  return offset & operand.mask;
}

}  // namespace decouple
