/** How much guest code is translated as one block. */
#pragma once

#include <cstddef>
#include <cstdint>

namespace decouple {

/** An instruction that the engine would run otherwise than the machine does: its opcode byte. */
struct Replaced {
  uint32_t offset;
  /** Two bytes, 0F and another. */
  bool wide;
};

/** What may be translated as one block. */
struct BlockExtent {
  unsigned instructions;
  static constexpr unsigned kMostReplaced = 16;
  Replaced replaced[kMostReplaced];
  unsigned replacedCount;
};

/**
 * Counts the instructions at `bytes` that end within `available` bytes, up to the first one that ends a block (then all
 * of `most` may be asked for), and notes those to be replaced among them.
 */
BlockExtent scanBlock(const uint8_t* bytes, size_t available, bool code32, unsigned most);

}  // namespace decouple
