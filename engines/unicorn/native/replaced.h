/** The instructions that are translated as calls into this addon (see interpose_translate.cpp). */
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "decode.h"
#include "mmx.h"
#include "x87_decode.h"

namespace decouple {

enum class ReplacedKind : uint8_t { kNone, kBulkString, kPushSegment, kLoadFlags, kBreakpointTrap, kX87, kX87Flags };

/** How the instruction whose bytes these are is replaced, if it is. */
ReplacedKind replacedKind(const uint8_t* bytes, const Instruction& instruction);

struct ReplacedInstruction {
  Instruction instruction;
  ReplacedKind kind;
  /** Of x87 instructions alone. */
  X87Instruction x87;
  /** Of MMX instructions, which are the engine's own but for what they do to the x87 state. */
  MmxInstruction mmx;
};

/** Remembers which instruction each place in generated code stands for; places mean the same until all code goes. */
class ReplacedInstructions {
 public:
  /** What was remembered for this place; null if nothing. */
  const ReplacedInstruction* find(uintptr_t place) const {
    const Entry& entry = entries_[indexOf(place)];
    return entry.place == place ? &entry.instruction : nullptr;
  }
  const ReplacedInstruction& remember(uintptr_t place, const ReplacedInstruction& instruction) {
    Entry& entry = entries_[indexOf(place)];
    entry = {place, instruction};
    return entry.instruction;
  }
  void clear() {
    for (Entry& entry : entries_) entry.place = 0;
  }

 private:
  struct Entry {
    uintptr_t place = 0;
    ReplacedInstruction instruction{};
  };
  static constexpr size_t kEntries = 4096;
  /** Calls lie at least this far apart. */
  static constexpr int kSpacingBits = 4;
  static size_t indexOf(uintptr_t place) { return (place >> kSpacingBits) % kEntries; }
  Entry entries_[kEntries];
};

}  // namespace decouple
