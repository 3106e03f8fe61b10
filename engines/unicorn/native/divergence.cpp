#include "divergence.h"

#include <cinttypes>
#include <cstdio>

namespace decouple {

std::string textOf(const Event& event) {
  char line[256];
  describe(event, line, sizeof line);
  return line;
}

std::string hex(uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%" PRIx64, value);
  return text;
}

std::vector<std::string> EventTrail::text() const {
  std::vector<std::string> lines;
  for (uint64_t i = added_ < kKept ? 0 : added_ - kKept; i < added_; ++i) lines.push_back(textOf(ring_[i % kKept]));
  return lines;
}

}  // namespace decouple
