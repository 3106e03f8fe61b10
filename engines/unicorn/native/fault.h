/**
 * A fault planted on purpose, so that tests can see that a wrong instruction is found where it is wrong: one
 * instruction computes something else, once. Off unless asked for.
 */
#pragma once

#include <cstdint>

namespace decouple {

struct PlantedFault {
  /** Instead of a general register: memory. */
  static constexpr int kMemory = -1;

  /** Of the instruction: it is the one that retires next when so many have retired. */
  uint64_t position;
  /** The general register that gets a wrong bit; or kMemory: of what the instruction changed, the word in the middle.
   */
  int target;
};

}  // namespace decouple
