/**
 * Running an instruction for what the engine thinks of it: everything it does is taken back.
 *
 * Where the relog has an exception that the simulator delivers without running the instruction, `verify` wants to know
 * whether the engine agrees. The caches of page walks are emptied before, so that the first store of the instruction
 * asks for its page: there the trial ends, before anything is written. Loads may mark entries of page tables accessed;
 * these are remembered.
 */
#pragma once

#include <cstdint>
#include <vector>

#include "abi.h"
#include "position.h"
#include "ram.h"

namespace decouple {

class Trial {
 public:
  bool running() const { return running_; }
  /** Whether the exception with this number (of the events consumed) was tried. */
  bool tried(uint64_t event) const { return tried_ == event; }
  /** What was tried is to be tried anew. */
  void forget() { tried_ = kNone; }
  void begin(Env env, const Position& position, uint64_t event);
  /** A page is about to be looked up for reading: its entries in the page tables may be marked. */
  void remember(const Ram& ram, Env env, uint32_t linear);
  enum Kept : unsigned { kNothing = 0, kSimdFlags = 1, kMarks = 2 };
  /**
   * Puts everything back but what is kept of it: the sticky flags of MXCSR, which a SIMD exception sets before it is
   * raised; marks in page tables, of pages that were read before an exception.
   */
  void end(Ram& ram, Env env, Position& position, unsigned kept);

 private:
  struct Entry {
    uint64_t address;
    uint32_t value;
  };
  bool running_ = false;
  static constexpr uint64_t kNone = ~uint64_t{0};
  uint64_t tried_ = kNone;
  Position position_;
  std::vector<uint8_t> state_;
  std::vector<Entry> entries_;
};

}  // namespace decouple
