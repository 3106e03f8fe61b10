/** MMX instructions, as far as they change the x87 state that their registers are a part of. */
#pragma once

#include <cstdint>

#include "operand.h"

namespace decouple {

struct MmxInstruction {
  /** Empties nothing, makes all registers valid and TOP 0. */
  bool transitions = false;
  /** The register written, or -1. */
  int8_t target = -1;
  /** Bytes of an operand in memory, which is loaded or stored; 0 for none. */
  uint8_t size = 0;
  bool stores = false;
  MemoryOperand operand{};
};

/** Instructions of other kinds, and forms that do not exist, change nothing. */
MmxInstruction decodeMmx(const uint8_t* bytes, const Instruction& instruction);

}  // namespace decouple
