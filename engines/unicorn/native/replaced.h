/** The instructions that are translated as calls into this addon (see interpose_translate.cpp). */
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "decode.h"

namespace decouple {

/** Remembers which instruction each place in generated code stands for; places mean the same until all code goes. */
class ReplacedInstructions {
 public:
  /** What was remembered for this place; null if nothing. */
  const Instruction* find(uintptr_t place) const {
    const Entry& entry = entries_[indexOf(place)];
    return entry.place == place ? &entry.instruction : nullptr;
  }
  void remember(uintptr_t place, const Instruction& instruction) { entries_[indexOf(place)] = {place, instruction}; }
  void clear() { std::memset(static_cast<void*>(entries_), 0, sizeof entries_); }

 private:
  struct Entry {
    uintptr_t place;
    Instruction instruction;
  };
  static constexpr size_t kEntries = 1024;
  /** Calls lie at least this far apart. */
  static constexpr int kSpacingBits = 4;
  static size_t indexOf(uintptr_t place) { return (place >> kSpacingBits) % kEntries; }
  Entry entries_[kEntries] = {};
};

}  // namespace decouple
