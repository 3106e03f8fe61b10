#include "position.h"

#include "classify.h"
#include "hooks.h"
#include "simulator.h"
#include "strings.h"

namespace decouple {

namespace {

/**
 * Events with a position that must lie ahead before one is consumed: delivering it may raise another exception, and
 * that one a double fault, and the engine cannot wait in the middle of a delivery.
 */
constexpr uint64_t kEventsAhead = 2;

}  // namespace

uint64_t Simulator::starvesAt() const {
  const Event* due = cursor_.due();
  if (due == nullptr) return 0;
  if (cursor_.complete() || cursor_.positionedLeft() > kEventsAhead) return ~uint64_t{0};
  // A software interrupt has its position after its instruction, which must not begin.
  const uint64_t instruction = due->kind == Kind::kSoftwareInterrupt ? 1 : 0;
  return due->position < instruction ? 0 : due->position - instruction;
}

void Simulator::refreshDue() {
  if (stepping_) {
    position_.due = 0;
    return;
  }
  const Event* due = cursor_.due();
  uint64_t next = due == nullptr ? 0 : due->position;
  if (starvesAt() < next) next = starvesAt();
  position_.due = limitAt_ < next ? limitAt_ : next;
}

/**
 * The instruction at CS:EIP is the repeated one that `event` interrupts, and this is when. One that was stopped for it
 * may have stored over its own bytes: then another one is there by now.
 */
bool Simulator::repeatReached(const Event& event) const {
  if (stringStoppedFor_ == cursor_.consumed()) return true;
  const Instruction here = instructionHere();
  return here.repeated && repeatCounter(engine_.env(), here) == event.repeat.value;
}

Simulator::Due Simulator::whatIsDue(const Translation* block) {
  const uint64_t now = position_.count;
  if (trial_.running()) endTrial(Disagreement::kNothing);
  if (now >= limitAt_) stop(Stop::kLimit);
  if (now >= starvesAt()) stop(Stop::kStarved);
  const Event& due = *cursor_.due();
  if (due.position < now) {
    noteDivergence("an event that did not happen", textOf(due), "position " + std::to_string(now), 0);
    stop(Stop::kDiverged);
  }
  // Nor does a halted CPU get to the middle of a REP instruction.
  const bool wakes = (due.asynchronous() && !due.repeat.present && due.kind != Kind::kEffect) ||
                     (due.kind == Kind::kException && steppedAt_ == now);
  if (halted_ && (due.position > now || !wakes)) {
    noteDivergence("the CPU is halted", textOf(due), "an interrupt", 0);
    stop(Stop::kDiverged);
  }
  if (due.position == now && due.kind == Kind::kException) {
    return exceptionIsNow(due, block) ? Due::kNow : Due::kLater;
  }
  if (due.position > now || !due.asynchronous()) return Due::kLater;
  if (due.repeat.present && (block == nullptr || !repeatReached(due))) return Due::kLater;
  return Due::kNow;
}

/** The start of a block that may reach beyond the next event. */
void Simulator::atBlock(Translation& block) {
  engine_.env().eip() = static_cast<uint32_t>(block.address - block.codeBase);
  position_.block = nullptr;
  if (position_.repeating) restoreFlagsInRepeat();
  while (whatIsDue(&block) == Due::kNow) handleDue();
  if (trial_.running()) {
    enter(block);
    return;
  }
  if (stepping_) pause();
  if (block.form != 0 || block.spoiled != nullptr) lookAtForm(block);

  const Event& due = *cursor_.due();
  uint64_t end = limitAt_ < starvesAt() ? limitAt_ : starvesAt();
  // An event inside a REP instruction does not cut the block: it is looked for when that one runs.
  if (due.position > position_.count && due.position < end && due.position < position_.count + block.instructions) {
    const bool stops =
        (due.asynchronous() && !due.repeat.present) || deliveredAtOnce(due, block.codeBase + due.eip, block.code32);
    if (stops) end = due.position;
  }
  if (end < position_.count + block.instructions) split(end - position_.count);
  enter(block);
}

/**
 * In the middle of a repeated comparison, which begins its block, the flags are as before it (SDM vol. 2B, REP): what
 * its iterations set counts when the last one is done.
 */
void Simulator::restoreFlagsInRepeat() {
  const Instruction here = instructionHere();
  const Env env = engine_.env();
  if (isRepeatedCompare(here) && repeatCounter(env, here) != 0) writeLazily(env, beforeRepeat_);
}

/** Stops before the instruction that begins here, once. */
void Simulator::pause() {
  if (resuming_) {
    resuming_ = false;
    return;
  }
  paused_ = true;
  stop(Stop::kLimit);
}

/** Between two blocks, before the next one is looked for: its code may not be mapped, so events come first. */
void Simulator::atBoundary() {
  while (whatIsDue(nullptr) == Due::kNow) handleDue();
}

/** Before another iteration of a REP instruction: others have their turn. */
void Simulator::pauseRepeat(const Translation& block) {
  engine_.env().eip() = static_cast<uint32_t>(block.address - block.codeBase);
  stop(Stop::kPause);
}

void Simulator::beforeLookup() {
  leaveBlock(linearEip());
  if (position_.count >= position_.due) atBoundary();
}

void Simulator::beforeJumpOut() {
  if (position_.block == nullptr) return;
  repairFlags();
  const uint32_t linear = linearEip();
  const bool taken = imageIsTakenOf(linear);
  // Stepping, an instruction that stores over its own bytes begins again: that is no other step.
  if (stepping_ && linear == position_.block->address) resuming_ = true;
  abandonBlock(linear);
  if (taken) imageAgainAt_ = position_.count;
}

void Simulator::halt(uint32_t nextEip) {
  if (trial_.running()) endTrial(Disagreement::kNothing);
  const Env env = engine_.env();
  env.eip() = nextEip;
  env.context() &= ~uint32_t{kContextInhibitInterrupts};
  leaveBlock(linearEip());
  noteStep();
  halted_ = true;
  for (;;) atBoundary();
}

void Simulator::leaveAt(uint32_t nextEip) {
  if (trial_.running()) endTrial(Disagreement::kNothing);
  engine_.env().eip() = nextEip;
  leaveBlock(linearEip());
  noteStep();
  jumpOut();
}

void Simulator::noteStep() {
  if ((engine_.env().eflags() & kTrap) != 0) steppedAt_ = position_.count;
}

/**
 * An instruction ran with the trap flag set. The engine would raise #DB; here the relog says whether the machine does,
 * and it is delivered between two blocks.
 */
void Simulator::afterStep() {
  leaveBlock(linearEip());
  if (!ownTrap_) steppedAt_ = position_.count;
  ownTrap_ = false;
  jumpOut();
}

void Simulator::leaveBlock(uint32_t linear) {
  if (position_.leaveBlock(linear)) countRepeat();
}

void Simulator::abandonBlock(uint32_t linear) {
  Translation& block = *position_.block;
  const unsigned retired = position_.abandonBlock(linear);
  if (counting_) countPart(block, retired);
}

void Simulator::jumpOut() { originalLoopExit(engine_.cpu().raw()); }

/** Has so many instructions at the CPU's EIP translated and run as a block of their own. */
void Simulator::split(uint64_t instructions) {
  ++counts_.splits;
  engine_.cpu().nextTranslationFlags() = static_cast<uint32_t>(instructions);
  jumpOut();
}

template <bool kCounting>
void Hooks::onBlock(uc_engine*, uint64_t address, uint32_t, void* passed) {
  const BlockTag tag(passed);
  Simulator& simulator = *runningSimulator;
  Position& position = simulator.position_;
  if (__builtin_expect(position.repeating, 0)) {
    if (position.leaveBlock(static_cast<uint32_t>(address))) {
      if (kCounting) simulator.countRepeat();
    } else if (++position.iterations % kRepeatsAtOnce == 0) {
      simulator.pauseRepeat(*tag.record());
    }
  }
  const unsigned instructions = tag.instructions();
  if (__builtin_expect(position.count + instructions > position.due || instructions == 0, 0)) {
    simulator.atBlock(*tag.record());
    return;
  }
  if (__builtin_expect(tag.endsInRepeat(), 0)) {
    if (!position.repeating) simulator.beforeRepeat_ = readLazily(simulator.engine_.env());
    position.enter(*tag.record());
  } else {
    position.block = tag.record();
    position.count += instructions;
  }
  if (kCounting) simulator.countBlock(*tag.record());
}

template void Hooks::onBlock<false>(uc_engine*, uint64_t, uint32_t, void*);
template void Hooks::onBlock<true>(uc_engine*, uint64_t, uint32_t, void*);

void Simulator::enter(Translation& block) {
  if (block.endsInRepeat && !position_.repeating) beforeRepeat_ = readLazily(engine_.env());
  position_.enter(block);
  // What is tried has not run.
  if (counting_ && !trial_.running()) countBlock(block);
}

}  // namespace decouple
