#include "disagreement.h"

#include "decode.h"

namespace decouple {

namespace {

/** Prefixes and opcode, and of ModR/M what belongs to the opcode or says register or memory. */
bool sameForm(const Disagreement& a, const Disagreement& b) {
  if (a.vector != b.vector || a.raised != b.raised || a.code32 != b.code32) return false;
  const Instruction one = decodeInstruction(a.code, a.size, a.code32);
  const Instruction other = decodeInstruction(b.code, b.size, b.code32);
  return one.opcode == other.opcode && ((one.modrm ^ other.modrm) & 0x38) == 0 && one.memory == other.memory &&
         one.operandSize == other.operandSize && one.repeated == other.repeated && one.locked == other.locked &&
         (one.length == 0) == (other.length == 0);
}

}  // namespace

void Disagreements::add(const Disagreement& one) {
  // Who runs random bytes as code has no end of forms; the last row takes the rest.
  constexpr size_t kMost = 1000;
  for (Disagreement& each : all_) {
    if (!sameForm(each, one)) continue;
    ++each.count;
    return;
  }
  if (all_.size() < kMost) {
    all_.push_back(one);
  } else {
    ++all_.back().count;
  }
}

}  // namespace decouple
