/** How much guest code is translated as one block. */
#pragma once

#include <cstddef>
#include <cstdint>

namespace decouple {

/** An instruction that the engine would run otherwise than the machine does: its bytes after the prefixes. */
struct Replaced {
  uint32_t offset;
  uint32_t length;
  /** It sets the status flags: shown as FUCOMI, which tells the translator so; others as INTO. */
  bool setsFlags;
  /** Else 0: the byte that all of it is shown as. */
  uint8_t shownAs;
};

/** What may be translated as one block. */
struct BlockExtent {
  unsigned instructions;
  static constexpr unsigned kMostReplaced = 64;
  Replaced replaced[kMostReplaced];
  unsigned replacedCount;
};

/**
 * Counts the instructions at `bytes` that end within `available` bytes, up to the first one that ends a block (then all
 * of `most` may be asked for), and notes those to be replaced among them.
 */
BlockExtent scanBlock(const uint8_t* bytes, size_t available, bool code32, unsigned most);

/**
 * The byte at `offset` from where `extent` begins, as the translator is to see it; `real` is what stands there. INTO
 * calls a helper and goes on, and so does FUCOMI: the helper does what the instruction should.
 */
uint32_t shownByte(const BlockExtent& extent, uint64_t offset, uint32_t real);

}  // namespace decouple
