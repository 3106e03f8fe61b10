/** How much guest code is translated as one block. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_set>

namespace decouple {

/** Linear addresses. */
using NarrowPlaces = std::unordered_set<uint32_t>;

/** An instruction that the engine would run otherwise than the machine does: its bytes after the prefixes. */
struct Replaced {
  /**
   * As what the translator is shown it: INTO; FUCOMI or RDRAND of EAX where it sets the status flags, which they tell
   * the translator. FUCOMI leaves its place in the x87's pointers, and is for what does so.
   */
  enum class Shown : uint8_t { kInto, kFucomi, kRdrand };

  uint32_t offset;
  uint32_t length;
  Shown shown;
  /** The byte that all of it is shown as, or -1. */
  int shownAs;
};

/** What may be translated as one block. */
struct BlockExtent {
  unsigned instructions;
  static constexpr unsigned kMostReplaced = 64;
  Replaced replaced[kMostReplaced];
  unsigned replacedCount;
};

class Forms;

/** Code to translate. */
struct BlockCode {
  const uint8_t* bytes;
  size_t available;
  /** Linear address. */
  uint32_t start;
  bool code32;
  /** Protected mode, not virtual-8086. */
  bool protectedMode;
  /** Where instructions are that must not access more memory than the machine does. */
  const NarrowPlaces& narrow;
  /** Forms that stand in a block of their own; null for none. */
  const Forms* forms;
};

/**
 * Counts the instructions of `code` that end within `available` bytes, up to the first one that ends a block (then all
 * of `most` may be asked for), and notes those to be replaced among them.
 */
BlockExtent scanBlock(const BlockCode& code, unsigned most);

/**
 * The byte at `offset` from where `extent` begins, as the translator is to see it; `real` is what stands there. INTO
 * calls a helper and goes on, and so does FUCOMI: the helper does what the instruction should.
 */
uint32_t shownByte(const BlockExtent& extent, uint64_t offset, uint32_t real);

}  // namespace decouple
