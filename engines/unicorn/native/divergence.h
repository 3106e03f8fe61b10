/** The first place where the simulation differs from the relog. */
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "events.h"

namespace decouple {

/** Where the simulator stands. */
struct Situation {
  uint64_t position;
  /** Linear address of the instruction at CS:EIP. */
  uint32_t linear;
  /** Events consumed before, oldest first, and those that were to come. */
  std::vector<std::string> before;
  std::vector<std::string> after;
};

/** The first place where the simulation differs from the relog. */
struct Divergence : Situation {
  std::string what;
  std::string expected;
  std::string got;
};

/** Remembers the last few events. */
class EventTrail {
 public:
  static constexpr unsigned kKept = 16;
  void add(const Event& event) { ring_[added_++ % kKept] = event; }
  void clear() { added_ = 0; }
  std::vector<std::string> text() const;

 private:
  Event ring_[kKept];
  uint64_t added_ = 0;
};

std::string textOf(const Event& event);
std::string hex(uint64_t value);

}  // namespace decouple
