#include "extent.h"

#include <algorithm>
#include <initializer_list>

#include "classify.h"

#include "decode.h"
#include "forms.h"
#include "replaced.h"

namespace decouple {

namespace {

/**
 * The engine's bit tests spoil flags where it knows, within the block, how those were set. And what the flags were
 * before a repeated comparison is written down where its block begins. Where LOOPE and LOOPNE end because the counter
 * is 0, the engine does not write down how the flags were set within the block.
 */
bool mustBeginBlock(const Instruction& instruction) {
  const bool loops = instruction.opcode == 0xe0 || instruction.opcode == 0xe1;
  return loops || isBitTest(instruction) || isRepeatedCompare(instruction);
}

/** A prefix that does nothing here: what stands for something else has no operand in memory. */
constexpr uint8_t kDsPrefix = 0x3e;

/** A byte of an instruction that the library would take for another one, or for none. */
struct Disguise {
  /** In the instruction. */
  unsigned offset;
  /** What is shown, or -1 where the instruction is shown as it is. */
  int shown = -1;
};

/** Where the first prefix of this kind is; `count` where there is none. */
unsigned prefixAt(const uint8_t* bytes, unsigned count, uint8_t prefix) {
  unsigned at = 0;
  while (at < count && bytes[at] != prefix) ++at;
  return at;
}

/**
 * NEG of memory: locked, the library takes its flags from what stood there. There is one CPU, so that LOCK does
 * nothing; it is shown as a prefix that does nothing either.
 * TEST has two encodings, of which the library knows one; processors ignore the upper bits of the predicate of CMPPS
 * and its kin; 0F 0D and 0F 18 do nothing to a register, like 0F 1F. What RET drops is a number without a sign, which
 * RETF's helper is told (see interpose_cpu.cpp).
 */
Disguise disguiseOf(const uint8_t* bytes, const Instruction& instruction, bool protectedMode) {
  constexpr uint8_t kLock = 0xf0, kRepeat = 0xf2, kNop = 0x1f, kFarReturn = 0xca, kSign = 0x80;
  constexpr uint8_t kOperandSize = 0x66, kScalar = 0xf3;
  constexpr unsigned kRegister = 0x38, kNegation = 3 << 3, kTestAlias = 1 << 3, kPredicate = 7;
  const unsigned prefixes = prefixBytes(bytes, instruction);
  switch (instruction.opcode) {
    case 0xf6:
    case 0xf7: {
      const unsigned operation = instruction.modrm & kRegister;
      if (operation == kTestAlias) return {prefixes + 1, static_cast<int>(instruction.modrm & ~kRegister)};
      if (operation != kNegation || !instruction.locked || !instruction.memory) return {};
      return {prefixAt(bytes, prefixes, kLock), kRepeat};
    }
    case 0x0fc2:
      return {instruction.length - 1, static_cast<int>(bytes[instruction.length - 1] & kPredicate)};
    case 0x0f2b: {
      // MOVNTPS with a prefix that means nothing: for the library it is MOVNTSS or MOVNTSD, which only AMD's have had.
      if (prefixAt(bytes, prefixes, kOperandSize) < prefixes) return {};
      const unsigned at = std::min(prefixAt(bytes, prefixes, kScalar), prefixAt(bytes, prefixes, kRepeat));
      if (at < prefixes) return {at, kOperandSize};
      return {};
    }
    case 0xc2:
      if (protectedMode && (bytes[instruction.length - 1] & kSign) != 0) return {prefixes, kFarReturn};
      return {};
    case 0x0f0d:
    case 0x0f18:
      if (!instruction.memory) return {prefixes + 1, kNop};
      return {};
    default:
      return {};
  }
}

bool isNarrow(const BlockCode& code, size_t at) {
  return !code.narrow.empty() && code.narrow.count(code.start + static_cast<uint32_t>(at)) != 0;
}

/** A prefix is shown as another one each time that it is there. False where there is no room for more. */
bool show(BlockExtent& extent, const uint8_t* bytes, size_t at, unsigned prefixes, const Disguise& disguise) {
  const uint8_t real = bytes[at + disguise.offset];
  const bool isPrefix = disguise.offset < prefixes;
  const unsigned end = isPrefix ? prefixes : disguise.offset + 1;
  for (unsigned i = disguise.offset; i < end; ++i) {
    if (bytes[at + i] != real) continue;
    if (extent.replacedCount == BlockExtent::kMostReplaced) return false;
    extent.replaced[extent.replacedCount++] = {static_cast<uint32_t>(at) + i, 1, Replaced::Shown::kInto,
                                               disguise.shown};
  }
  return true;
}

/** Shows each of some prefixes as another one. False where there is no room. */
bool showPrefixes(BlockExtent& extent, const uint8_t* bytes, size_t at, unsigned prefixes,
                  std::initializer_list<uint8_t> hidden, uint8_t shown) {
  for (const uint8_t prefix : hidden) {
    const unsigned found = prefix == shown ? prefixes : prefixAt(bytes + at, prefixes, prefix);
    if (found < prefixes && !show(extent, bytes, at, prefixes, {found, shown})) return false;
  }
  return true;
}

/** Whether F2, F3 or 66 select the instruction. */
bool isSelected(unsigned opcode) {
  if (opcode >> 8 != 0x0f) return false;
  const unsigned low = opcode & 0xff;
  return (low >= 0x10 && low < 0x18) || (low >= 0x28 && low < 0x30) || (low >= 0x50 && low < 0x80) || low == 0xc2 ||
         low >= 0xd0;
}

/**
 * Of several of them a processor takes the last of F2 and F3; the library takes 66, then F3. The others are shown as
 * the one that counts. False where there is no room.
 */
bool showSelected(BlockExtent& extent, const uint8_t* bytes, size_t at, const Instruction& instruction) {
  const unsigned prefixes = prefixBytes(bytes + at, instruction);
  if (prefixes < 2 || !isSelected(instruction.opcode)) return true;
  const Prefix selecting = selectingPrefix(bytes + at, prefixes);
  if (selecting != kRepeat && selecting != kRepeatNot) return true;
  return showPrefixes(extent, bytes, at, prefixes, {0x66, 0xf3, 0xf2}, selecting == kRepeat ? 0xf3 : 0xf2);
}

Replaced::Shown shownFor(ReplacedKind kind) {
  switch (kind) {
    case ReplacedKind::kX87Flags:
      return Replaced::Shown::kFucomi;
    case ReplacedKind::kNarrowBitTest:
    case ReplacedKind::kCountBits:
      return Replaced::Shown::kRdrand;
    default:
      return Replaced::Shown::kInto;
  }
}

/** Something is to be done before it runs, or after. */
bool standsAlone(const BlockCode& code, const uint8_t* bytes, const Instruction& instruction) {
  if (code.forms == nullptr) return false;
  return code.forms->asked(formOf(bytes, instruction, code.code32)) || code.forms->spoiled(instruction) != nullptr;
}

}  // namespace

BlockExtent scanBlock(const BlockCode& code, unsigned most) {
  BlockExtent extent{};
  const uint8_t* bytes = code.bytes;
  size_t at = 0;
  while (extent.instructions < most && at < code.available) {
    // What is refused may have fewer bytes for the machine than the translator reads, which so reads into another page.
    if (at != 0 && code.available - at < kLongestInstruction) break;
    const Instruction next = decodeInstruction(bytes + at, code.available - at, code.code32);
    if (next.length == 0 || (at != 0 && mustBeginBlock(next))) break;
    const bool alone = standsAlone(code, bytes + at, next);
    if (alone && at != 0) break;
    const ReplacedKind kind = replacedKind(bytes + at, next, isNarrow(code, at));
    const bool replaced = kind != ReplacedKind::kNone;
    if (replaced) {
      if (extent.replacedCount == BlockExtent::kMostReplaced) break;
      const unsigned prefixes = prefixBytes(bytes + at, next);
      const uint32_t offset = static_cast<uint32_t>(at) + prefixes;
      const uint32_t length = static_cast<uint32_t>(at + next.length) - offset;
      const Replaced::Shown shown = shownFor(kind);
      extent.replaced[extent.replacedCount++] = {offset, length, shown, -1};
      // RDRAND has no form with LOCK, F2 or F3.
      const bool bare = shown == Replaced::Shown::kRdrand;
      if (bare && !showPrefixes(extent, bytes, at, prefixes, {0xf0, 0xf2, 0xf3}, kDsPrefix)) break;
    }
    const Disguise disguise = disguiseOf(bytes + at, next, code.protectedMode);
    if (disguise.shown >= 0 && !show(extent, bytes, at, prefixBytes(bytes + at, next), disguise)) break;
    if (!showSelected(extent, bytes, at, next)) break;
    at += next.length;
    ++extent.instructions;
    if (alone) break;
    if (next.endsBlock && !replaced) {
      extent.instructions = most;
      break;
    }
  }
  return extent;
}

uint32_t shownByte(const BlockExtent& extent, uint64_t offset, uint32_t real) {
  constexpr unsigned kMost = 3;
  // The last bytes, backwards.
  constexpr uint32_t kBytes[][kMost] = {{0xce, kDsPrefix, kDsPrefix}, {0xe8, 0xdb, kDsPrefix}, {0xf0, 0xc7, 0x0f}};
  for (unsigned i = 0; i < extent.replacedCount; ++i) {
    const Replaced& replaced = extent.replaced[i];
    const uint64_t inside = offset - replaced.offset;
    if (inside >= replaced.length) continue;
    if (replaced.shownAs >= 0) return static_cast<uint32_t>(replaced.shownAs);
    const uint64_t left = replaced.length - inside;
    return left > kMost ? kDsPrefix : kBytes[static_cast<unsigned>(replaced.shown)][left - 1];
  }
  return real;
}

}  // namespace decouple
