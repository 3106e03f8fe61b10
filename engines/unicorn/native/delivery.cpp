/** Interrupts and exceptions: checked against the relog, and handed to the engine's own delivery. */
#include <algorithm>
#include <cstring>

#include "classify.h"
#include "hooks.h"
#include "simulator.h"
#include "stack.h"
#include "vectors.h"

namespace decouple {

bool hasErrorCode(uint32_t vector) { return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17; }

/** Carries out the event that is due. Returns when the block about to run may still run: after a check. */
void Simulator::handleDue() {
  const Event& due = *cursor_.due();
  const Event& front = *cursor_.front();
  if (!front.positioned()) {
    noteDivergence("an event that nothing asked for", textOf(front), textOf(due), 0);
    stop(Stop::kDiverged);
  }
  switch (due.kind) {
    case Kind::kCheck:
      compareCheck(due);
      consume();
      if (counts_.checks >= lastCheck_) stop(Stop::kLimit);
      return;
    case Kind::kDma:
      writeDma(due);
      consume();
      jumpOut();
    case Kind::kKeyframeMark:
      keyframeIndex_ = due.index;
      ++counts_.marks;
      consume();
      stop(Stop::kKeyframe);
    case Kind::kState:
      newState_.assign(due.dma.data, due.dma.data + due.dma.size);
      consume();
      stop(Stop::kState);
    case Kind::kEffect:
      applyEffect();
    case Kind::kEnd:
      consume();
      stop(Stop::kEnd);
    case Kind::kException:
      deliverException();
    default:
      deliverInterrupt(due);
  }
}

/** EIP and EFLAGS where an event happens. Does not return when they differ. */
void Simulator::compareInstant(uint32_t eip, uint32_t eflags) {
  const Env env = engine_.env();
  if (static_cast<uint32_t>(env.eip()) != eip) {
    noteDivergence("eip", hex(eip), hex(static_cast<uint32_t>(env.eip())), 0);
    stop(Stop::kDiverged);
  }
  if (!agreeOnFlags(eflags, kDefinedFlags)) {
    noteDivergence("eflags", hex(eflags), hex(readFlags(env)), 0);
    stop(Stop::kDiverged);
  }
  if (flagsTaken_ && !ownValuesStand_) writeStatusFlags(env, eflags);
}

void Simulator::setOwnValues(bool on) {
  ownValuesStand_ = on;
  ownValues_.clear();
}

/** False when one of the flags compared differs that no result sets. */
bool Simulator::noteOwnFlags(uint32_t eflags, uint32_t compared) {
  const uint32_t own = readFlags(engine_.env());
  if (((own ^ eflags) & compared & ~kStatusFlags) != 0) return false;
  ownValues_.push_back((eflags & ~kStatusFlags) | (own & kStatusFlags));
  return true;
}

/** @param compared the bits of EFLAGS that the event tells */
bool Simulator::agreeOnFlags(uint32_t eflags, uint32_t compared) {
  if (ownValuesStand_) return noteOwnFlags(eflags, compared);
  const uint32_t differing = (readFlags(engine_.env()) ^ eflags) & compared;
  if (differing == 0) return true;
  if (!flagsTaken_ || (differing & ~kStatusFlags) != 0) return false;
  forgive(kForgivenOldFlags);
  return true;
}

void Simulator::deliverInterrupt(const Event& due) {
  const Event event = due;
  compareInstant(event.eip, event.eflags);
  consume();
  ++counts_.interrupts;
  if (nestedIsNext(event.position, event.eip)) deliverException();
  halted_ = false;
  position_.block = nullptr;
  position_.repeating = false;
  const Env env = engine_.env();
  env.context() &= ~uint32_t{kContextInhibitInterrupts};
  env.exceptionInFlight() = -1;
  const Stack stack(env);
  do_interrupt_x86_hardirq_x86_64(env.raw(), event.vector, 1);
  stack.delivered(ram_, env);
  jumpOut();
}

void Simulator::writeDma(const Event& event) {
  ++counts_.dma;
  writeRam(event.address, event.dma.data, event.dma.size);
}

void Simulator::compareCheck(const Event& event) {
  static const char* const kNames[] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
  ++counts_.checks;
  compareInstant(event.eip, event.eflags);
  if (ownValuesStand_) {
    for (int i = 0; i < 8; ++i) ownValues_.push_back(engine_.env().gpr32(i));
    return;
  }
  for (int i = 0; i < 8; ++i) {
    const uint32_t value = engine_.env().gpr32(i);
    if (value == event.gpr[i]) continue;
    noteDivergence(kNames[i], hex(event.gpr[i]), hex(value), 0);
    stop(Stop::kDiverged);
  }
  if (event.digest == cursor_.digest()) return;
  noteDivergence("what the events since the last check say", "digest " + hex(event.digest),
                 "digest " + hex(cursor_.digest()), 0);
  stop(Stop::kDiverged);
}

void Hooks::onException(uc_engine*, uint32_t vector, void* simulator) {
  static_cast<Simulator*>(simulator)->onException(vector);
}

void Simulator::onException(uint32_t vector) {
  unaligned_.size = 0;  // A read that did not come to its end.
  const Env env = engine_.env();
  const bool software = env.exceptionIsSoftware() != 0;
  if (trial_.running()) {
    // Its delivery may fault; it ends the trial where it would push.
    if (software) x86_cpu_do_interrupt_x86_64(engine_.cpu().raw());
    if (!software && vector == kPageFault && retryNarrowly()) tryAgain();
    endTrial(software ? Disagreement::kNothing : static_cast<int>(vector));
  }
  // After a software interrupt EIP is at the next instruction, which has not begun.
  if (!software) repairFlags();
  const Event* due = cursor_.due();
  // A software interrupt that faults before it is delivered has not retired, and EIP must be its own.
  const bool failing = software && due != nullptr && due->kind == Kind::kException;
  if (failing) env.eip() = due->eip;
  if (position_.repeating && linearEip() == position_.repeatAddress) restoreFlagsInRepeat();
  if (position_.block == nullptr) {
    leaveBlock(linearEip());
  } else if (vector == kDebug && !software && position_.block->singleStep) {
    position_.block = nullptr;  // a trap: its instruction is done
  } else {
    abandonBlock(linearEip());
  }
  position_.repeating = false;

  const uint64_t now = position_.count;
  const Kind kind = software && !failing ? Kind::kSoftwareInterrupt : Kind::kException;
  const bool here = due != nullptr && cursor_.front()->positioned() && due->kind == kind && due->position == now;
  if (!here && vector == kPageFault && retryNarrowly()) return;
  if (!here || (kind == Kind::kSoftwareInterrupt && due->vector != vector)) raisedAlone(vector, kind);
  if (kind == Kind::kException) {
    adoptException(failing ? due->vector : vector);
    return;
  }
  compareInstant(due->eip, due->eflags);
  consume();
  ++counts_.softwareInterrupts;
  const Stack stack(env);
  x86_cpu_do_interrupt_x86_64(engine_.cpu().raw());
  stack.delivered(ram_, env);
}

/** The engine raises what the relog does not have here: a divergence. */
void Simulator::raisedAlone(uint32_t vector, Kind kind) {
  const Event* next = cursor_.front();
  noteDivergence(
      "an unexpected exception", next == nullptr ? "none" : textOf(*next),
      std::string(kindName(kind)) + " vector=" + std::to_string(vector) + " at " + std::to_string(position_.count), 0);
  stop(Stop::kDiverged);
}

size_t Simulator::readCode(uint32_t linear, uint8_t* out, size_t size) const {
  size_t done = 0;
  while (done < size) {
    const uint32_t at = static_cast<uint32_t>(linear + done);
    const PageWalk walk = walkPages(ram_, engine_.env(), at);
    const size_t part = std::min<size_t>(size - done, kPageSize - at % kPageSize);
    const uint8_t* code = walk.present ? ram_.at(walk.physical, part) : nullptr;
    if (code == nullptr) break;
    std::memcpy(out + done, code, part);
    done += part;
  }
  return done;
}

/** The instruction at a linear address; of length 0 where not all of it is mapped to RAM. */
Instruction Simulator::instructionAt(uint32_t linear, bool code32) const {
  uint8_t code[kLongestInstruction];
  return decodeInstruction(code, readCode(linear, code, sizeof code), code32);
}

Instruction Simulator::instructionHere() const {
  return instructionAt(linearEip(), (engine_.env().context() & kContextCode32) != 0);
}

}  // namespace decouple
