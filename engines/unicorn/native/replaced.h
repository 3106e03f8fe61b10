/** The instructions that are translated as calls into this addon (see interpose_translate.cpp). */
#pragma once

#include <cstdint>

#include "decode.h"
#include "mmx.h"
#include "operand.h"

namespace decouple {

enum class ReplacedKind : uint8_t {
  kNone,
  kBulkString,
  kPushSegment,
  kLoadFlags,
  kBreakpointTrap,
  kStoreMachineStatus,
  kSwapHalf,
  kEnter,
  kNarrowBitTest,
  kNarrowConversion,
  kCountBits,
  kX87,
  kX87Flags
};

/**
 * How the instruction whose bytes these are is replaced, if it is.
 * @param narrow it accesses less memory than the library would, which matters here (see narrow.cpp)
 */
ReplacedKind replacedKind(const uint8_t* bytes, const Instruction& instruction, bool narrow);

struct ReplacedInstruction {
  Instruction instruction;
  ReplacedKind kind;
  /** Of MMX instructions, which are the engine's own but for what they do to the x87 state. */
  MmxInstruction mmx;
  /** Of those that access less memory than the library would. */
  MemoryOperand operand;
  /** The last byte, or of returns the last two, or of ENTER the two before. */
  uint16_t immediate;
  /** ENTER's level. */
  uint8_t level;
};

}  // namespace decouple
