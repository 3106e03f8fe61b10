/**
 * Where in the instruction stream the simulator is, exactly.
 *
 * A block's instructions are added when it is entered; whatever leaves it in its middle (an exception, code that
 * changes itself) takes those back that did not retire. A REP string instruction that is left to the engine (see
 * replaced.cpp for the others) ends its block, and the engine enters a block of its own for every iteration: it is
 * added once, when something else follows.
 */
#pragma once

#include <cstdint>

#include "translations.h"

namespace decouple {

struct Position {
  Position() = default;
  explicit Position(uint64_t at) : count(at), due(at) {}

  /** Instructions retired, were the block under way to run to its end. */
  uint64_t count = 0;
  /** A block that may go beyond this is looked at before it runs. */
  uint64_t due = 0;
  /** The block entered last; null when it is known to be left. */
  Translation* block = nullptr;
  /** A REP instruction was entered, and this is its linear address. */
  bool repeating = false;
  uint32_t repeatAddress = 0;
  /** Its code in the coverage tables. */
  uint32_t repeatCode = 0;
  /** Blocks entered for iterations after the first of all such instructions. */
  uint32_t iterations = 0;

  void enter(Translation& entered) {
    block = &entered;
    count += entered.counted;
    if (entered.endsInRepeat) {
      repeating = true;
      repeatAddress = entered.lastAddress;
      repeatCode = entered.repeatCode;
    }
  }

  /** The block was left at its end, and `next` (linear) comes next. True when that retired a REP instruction. */
  bool leaveBlock(uint32_t next) {
    block = nullptr;
    if (!repeating || next == repeatAddress) return false;
    repeating = false;
    ++count;
    return true;
  }

  /** Control left the block before the instruction at `linear` ran. Returns how many of its instructions had retired.
   */
  unsigned abandonBlock(uint32_t linear) {
    unsigned retired = block->startingBefore(linear);
    if (retired > block->counted) retired = block->counted;
    count -= block->counted - retired;
    block = nullptr;
    repeating = false;
    return retired;
  }
};

}  // namespace decouple
