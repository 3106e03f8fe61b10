/**
 * Flags after a fault in the middle of an instruction.
 *
 * The engine keeps the operands that flags come from, and the kind of operation. Some instructions have it work out the
 * flags before they access memory: then the operands are gone, and at a fault the engine restores the kind that was
 * before the instruction, which does not fit what is kept. For these the kind is put right here.
 */
#include "simulator.h"

namespace decouple {

namespace {

/** Kinds of operations besides those of LazyFlags (SUB has four widths). */
constexpr int kLazySubtract = 14, kLazyOverflowAdd = 47, kLazyPopulation = 50;

/** SETcc works the flags out, if the operation before it was of this kind. */
bool setWorksOut(unsigned condition, int kind) {
  enum { kOverflowSet, kBelow, kZeroSet, kBelowOrEqual, kSignSet, kParitySet, kLess, kLessOrEqual };
  const bool subtracted = kind >= kLazySubtract && kind < kLazySubtract + 4;
  switch (condition >> 1 & 7) {
    case kOverflowSet:
      return kind < kLazyOverflowAdd || kind > kLazyPopulation;
    case kBelow:
      return false;
    case kZeroSet:
    case kSignSet:
      return kind == kLazyDynamic;
    case kParitySet:
      return true;
    default:
      return !subtracted;
  }
}

bool isRotateThroughCarry(const Instruction& instruction) {
  const unsigned extension = instruction.modrm >> 3 & 7, opcode = instruction.opcode;
  const bool rotates = opcode == 0xc0 || opcode == 0xc1 || (opcode >= 0xd0 && opcode <= 0xd3);
  return rotates && (extension == 2 || extension == 3);
}

}  // namespace

void Simulator::rotating(uintptr_t from) { rotate_ = {from, engine_.env().lazySource()}; }

void Simulator::repairFlags() {
  if (position_.block == nullptr) return;
  const Instruction here = instructionHere();
  if (here.length == 0 || !here.memory) return;
  const Env env = engine_.env();
  const bool sets = here.opcode >= 0x0f90 && here.opcode <= 0x0f9f;
  if (!sets && !isRotateThroughCarry(here)) return;
  const InstructionPlace place = position_.block->placeOf(linearEip());
  if (sets) {
    if (setWorksOut(here.opcode, place.lazyKind)) env.lazyKind() = kLazyNone;
    return;
  }
  env.lazyKind() = kLazyNone;
  // The store faulted, when the rotation had changed CF and OF.
  const bool rotated = rotate_.from > place.hostStart && rotate_.from <= place.hostEnd && lastAccess_ > rotate_.from;
  if (rotated) env.lazySource() = rotate_.flags;
  rotate_.from = 0;
}

}  // namespace decouple
