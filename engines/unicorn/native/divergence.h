/** The first place where the simulation differs from the relog. */
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "events.h"

namespace decouple {

struct Divergence {
  uint64_t position;
  /** Offset in CS, and linear address, of the instruction. */
  uint32_t eip;
  uint32_t linear;
  std::string what;
  std::string expected;
  std::string got;
  /** Events consumed before, oldest first, and those that were to come. */
  std::vector<std::string> before;
  std::vector<std::string> after;
  /** Bytes at the instruction, as many as are mapped; at most 15. */
  std::vector<uint8_t> bytes;
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
