#include "extent.h"

#include "classify.h"

#include "decode.h"
#include "replaced.h"

namespace decouple {

namespace {

/**
 * The engine's bit tests spoil flags where it knows, within the block, how those were set. And what the flags were
 * before a repeated comparison is written down where its block begins.
 */
bool mustBeginBlock(const Instruction& instruction) { return isBitTest(instruction) || isRepeatedCompare(instruction); }

/**
 * NEG of memory: locked, the library takes its flags from what stood there. There is one CPU, so that LOCK does
 * nothing; it is shown as a prefix that does nothing either.
 */
bool isLockedNegation(const Instruction& instruction) {
  return instruction.locked && instruction.memory && (instruction.opcode == 0xf6 || instruction.opcode == 0xf7) &&
         (instruction.modrm >> 3 & 7) == 3;
}

}  // namespace

BlockExtent scanBlock(const uint8_t* bytes, size_t available, bool code32, unsigned most) {
  BlockExtent extent{};
  size_t at = 0;
  while (extent.instructions < most && at < available) {
    const Instruction next = decodeInstruction(bytes + at, available - at, code32);
    if (next.length == 0 || (at != 0 && mustBeginBlock(next))) break;
    const ReplacedKind kind = replacedKind(bytes + at, next);
    const bool replaced = kind != ReplacedKind::kNone;
    if (replaced) {
      if (extent.replacedCount == BlockExtent::kMostReplaced) break;
      const uint32_t offset = static_cast<uint32_t>(at) + prefixBytes(bytes + at, next);
      const uint32_t length = static_cast<uint32_t>(at + next.length) - offset;
      extent.replaced[extent.replacedCount++] = {offset, length, kind == ReplacedKind::kX87Flags, 0};
    }
    if (isLockedNegation(next)) {
      constexpr uint8_t kLock = 0xf0, kRepeat = 0xf2;
      if (extent.replacedCount == BlockExtent::kMostReplaced) break;
      uint32_t lock = static_cast<uint32_t>(at);
      while (bytes[lock] != kLock) ++lock;
      extent.replaced[extent.replacedCount++] = {lock, 1, false, kRepeat};
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

uint32_t shownByte(const BlockExtent& extent, uint64_t offset, uint32_t real) {
  constexpr uint32_t kInto = 0xce, kDsPrefix = 0x3e, kFucomi = 0xdb, kFucomiSt0 = 0xe8;
  for (unsigned i = 0; i < extent.replacedCount; ++i) {
    const Replaced& replaced = extent.replaced[i];
    const uint64_t inside = offset - replaced.offset;
    if (inside >= replaced.length) continue;
    if (replaced.shownAs != 0) return replaced.shownAs;
    const bool last = inside + 1 == replaced.length;
    if (replaced.setsFlags) return last ? kFucomiSt0 : kFucomi;
    return last ? kInto : kDsPrefix;
  }
  return real;
}

}  // namespace decouple
