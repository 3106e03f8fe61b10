/** The instructions that are translated as calls into this addon (see interpose_translate.cpp). */
#pragma once

#include <cstdint>

#include "decode.h"
#include "mmx.h"

namespace decouple {

enum class ReplacedKind : uint8_t {
  kNone,
  kBulkString,
  kPushSegment,
  kLoadFlags,
  kBreakpointTrap,
  kStoreMachineStatus,
  kX87,
  kX87Flags
};

/** How the instruction whose bytes these are is replaced, if it is. */
ReplacedKind replacedKind(const uint8_t* bytes, const Instruction& instruction);

struct ReplacedInstruction {
  Instruction instruction;
  ReplacedKind kind;
  /** Of MMX instructions, which are the engine's own but for what they do to the x87 state. */
  MmxInstruction mmx;
};

}  // namespace decouple
