/** Exceptions of the machine that the engine would not have raised, or another one: by instruction. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace decouple {

struct Disagreement {
  uint8_t vector;
  /** What the engine raised; kNothing, or kSoftware. */
  int raised;
  bool code32;
  uint8_t size;
  uint8_t code[15];
  uint64_t count;

  static constexpr int kNothing = -1;
  /** The same, of another page or with another error code. */
  static constexpr int kOtherwise = -2;
};

class Disagreements {
 public:
  void add(const Disagreement& one);
  const std::vector<Disagreement>& all() const { return all_; }

 private:
  std::vector<Disagreement> all_;
};

}  // namespace decouple
