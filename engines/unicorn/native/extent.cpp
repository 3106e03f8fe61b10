#include "extent.h"

#include "classify.h"
#include "decode.h"

namespace decouple {

namespace {

/**
 * The engine's bit tests spoil flags where it knows, within the block, how those were set. And what the flags were
 * before a repeated comparison is written down where its block begins.
 */
bool mustBeginBlock(const Instruction& instruction) {
  return isBitTest(instruction) || isRepeatedCompare(instruction);
}

}  // namespace

BlockExtent scanBlock(const uint8_t* bytes, size_t available, bool code32, unsigned most) {
  BlockExtent extent{};
  size_t at = 0;
  while (extent.instructions < most && at < available) {
    const Instruction next = decodeInstruction(bytes + at, available - at, code32);
    if (next.length == 0 || (at != 0 && mustBeginBlock(next))) break;
    const bool replaced = isReplaced(next);
    if (replaced) {
      if (extent.replacedCount == BlockExtent::kMostReplaced) break;
      const bool wide = next.opcode > 0xff;
      // No operand follows, so the opcode is what the instruction ends with.
      const uint32_t offset = static_cast<uint32_t>(at + next.length) - (wide ? 2 : 1);
      extent.replaced[extent.replacedCount++] = {offset, wide};
    }
    at += next.length;
    ++extent.instructions;
    if (next.endsBlock && !replaced) {
      extent.instructions = most;
      break;
    }
  }
  return extent;
}

}  // namespace decouple
