/**
 * How large the engine's caches of page walks are. The engine resizes them when it empties them; but it counts an entry
 * anew whenever it is filled again, so that they grow to hundreds of megabytes, and emptying them takes most of the
 * time; and it goes by the wall clock, so that no two runs have the same ones. Here they follow what was really in use,
 * counted in flushes.
 */
#pragma once

#include <cstdint>

#include "abi.h"

namespace decouple {

class TlbSizes {
 public:
  /** Before the engine empties its caches (or one of them): makes it choose the right size. */
  void beforeFlush(Env env);

 private:
  struct Use {
    uint64_t most = 0;
    unsigned flushes = 0;
  };
  Use uses_[Tlb::kModes];
};

}  // namespace decouple
