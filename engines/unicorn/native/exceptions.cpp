/**
 * Exceptions that come from the relog: the machine has checked already, and what it found is delivered at its position,
 * whether or not the engine would have found it. See docs/exceptions.md.
 */
#include <algorithm>
#include <iterator>

#include "classify.h"
#include "hooks.h"
#include "simulator.h"
#include "stack.h"
#include "vectors.h"

namespace decouple {

namespace {

constexpr uint32_t kFetch = 0x10;
/** Of DR6 (BS). */
constexpr uint32_t kSingleStep = 1u << 14;

/** Whether it can be what SSE's arithmetic raises: #UD where the system knows nothing of #XM. */
bool ofSimd(uint8_t vector, Env env) {
  constexpr uint64_t kExceptionsSupported = 0x400;
  return vector == kSimdException || (vector == kInvalidOpcode && (env.cr(4) & kExceptionsSupported) == 0);
}

/** Whether any instruction may read memory before it raises this, whose pages are marked by that: #DE, #BR, #PF, #XM.
 */
bool mayHaveRead(uint8_t vector) {
  constexpr uint32_t kVectors = 1u << 0 | 1u << 5 | 1u << kPageFault | 1u << kSimdException;
  return vector < 32 && (kVectors >> vector & 1) != 0;
}

/** Of #TS to #GP, only what takes a selector or MXCSR from memory has read any. */
bool takesFromMemory(const Instruction& instruction) {
  constexpr unsigned kTakers[] = {0x07,   0x17,   0x1f,   0x0fa1, 0x0fa9, 0x8e, 0xc4, 0xc5, 0x0f00,
                                  0x0fae, 0x0fb2, 0x0fb4, 0x0fb5, 0xca,   0xcb, 0xcf, 0xff};
  return std::find(std::begin(kTakers), std::end(kTakers), instruction.opcode) != std::end(kTakers);
}

bool ofSegment(uint8_t vector) { return vector >= 10 && vector <= 13; }

}  // namespace

/**
 * Whether an exception is delivered before its instruction runs. All are but most page faults: those the engine finds
 * itself, without a block being cut, and does what is done before them, like marking the pages of other operands.
 */
bool Simulator::deliveredAtOnce(const Event& event, uint32_t linear, bool code32) const {
  if (event.kind != Kind::kException) return false;
  if (event.vector != kPageFault || !event.cr2.present) return true;
  const uint32_t address = event.cr2.value, error = event.error.value;
  constexpr uint32_t kReserved = 8;
  const Instruction faulting = instructionAt(linear, code32);
  // Its own bytes: the engine fetches them when it translates.
  if (faulting.length == 0 || (error & (kReserved | kFetch)) != 0) return false;
  if (accessesInParts(faulting)) return true;
  const bool atBorder = (address & (kPageSize - 1)) == 0;
  if (atBorder && accessesManyBytes(faulting)) return true;
  return !accessFaults(walkPages(ram_, engine_.env(), address), engine_.env(), error);
}

/** Whether bytes that an instruction here may have are in a page that cannot be fetched. */
bool Simulator::mayNotBeRead(uint32_t linear) const {
  const uint32_t last = linear + kLongestInstruction - 1;
  if ((linear ^ last) < kPageSize) return false;
  return faultsHere(last, false);
}

/** Whether the instruction here may leave something although it raises this. */
bool Simulator::leavesSomething(uint8_t vector) const {
  if (ofSimd(vector, engine_.env())) return true;
  return mayHaveRead(vector) || (ofSegment(vector) && takesFromMemory(instructionHere()));
}

/** The exception that is due here is delivered now; may begin a trial of its instruction first. */
bool Simulator::exceptionIsNow(const Event& due, const Translation* block) {
  const Env env = engine_.env();
  if (!cursor_.front()->positioned() || static_cast<uint32_t>(env.eip()) != due.eip) return false;
  if (!deliveredAtOnce(due, linearEip(), (env.context() & kContextCode32) != 0)) return false;
  if (trial_.tried(cursor_.consumed())) return true;
  // The trap after an instruction says nothing of the next one.
  const bool tries = comparing_ ? due.vector != kDebug : leavesSomething(due.vector);
  if (!tries && block == nullptr && due.vector != kDebug) fetchHere();
  if (!tries) return true;
  if (block == nullptr) {
    const bool refused = due.vector == kInvalidOpcode && mayNotBeRead(linearEip());
    if (refused) fetchHere();
    return refused;
  }
  if (block->instructions > 1) split(1);
  tried_ = instructionHere();
  trial_.begin(env, position_, cursor_.consumed());
  tlb_flush_x86_64(engine_.cpu().raw());
  return false;
}

/** The library was led astray: the instruction is translated otherwise from now on. */
void Simulator::tryAgain() {
  trial_.forget();
  trial_.end(ram_, engine_.env(), position_, Trial::kNothing);
  leaveTrial();
}

/** `raised`: the engine's exception, or what else it did. */
void Simulator::endTrial(int raised) {
  const uint8_t vector = cursor_.due()->vector;
  unsigned kept = vector == kSimdException ? Trial::kSimdFlags : Trial::kNothing;
  const bool simd = ofSimd(vector, engine_.env());
  if (raised == vector && simd) kept |= Trial::kSimdFlags;
  // What takes a selector has read it, also where the engine would go on with it.
  const bool taken = ofSegment(vector) && takesFromMemory(tried_);
  const bool read = raised == vector && (simd || taken || mayHaveRead(vector));
  if (read || (raised == Disagreement::kNothing && taken)) kept |= Trial::kMarks;
  trial_.end(ram_, engine_.env(), position_, kept);
  if (comparing_ && raised != vector) disagree(*cursor_.due(), raised);
  leaveTrial();
}

void Simulator::leaveTrial() {
  engine_.cpu().exceptionIndex() = -1;
  tlb_flush_x86_64(engine_.cpu().raw());
  jumpOut();
}

void Simulator::disagree(const Event& due, int raised) {
  Disagreement one{};
  one.vector = due.vector;
  one.raised = raised;
  one.code32 = (engine_.env().context() & kContextCode32) != 0;
  one.size = static_cast<uint8_t>(readCode(linearEip(), one.code, sizeof one.code));
  one.count = 1;
  disagreements_.add(one);
}

/** The next event is a fault in the delivery of the one before it, which so has no effect. */
bool Simulator::nestedIsNext(uint64_t position, uint32_t eip) const {
  const Event* next = cursor_.front();
  return next != nullptr && next->kind == Kind::kException && next->position == position && next->eip == eip;
}

/** Consumes the exception that is due, and those that its delivery meets; makes the CPU enter the last one's handler.
 */
void Simulator::enterHandler() {
  const Env env = engine_.env();
  Event event = *cursor_.due();
  bool shutDown = false;
  for (;;) {
    compareInstant(event.eip, event.eflags);
    consume();
    ++counts_.exceptions;
    if (event.cr2.present) env.cr(2) = event.cr2.value;
    if (event.vector == kDebug && steppedAt_ == event.position) env.dr(6) |= kSingleStep;
    if (!nestedIsNext(event.position, event.eip)) break;
    shutDown = event.vector == kDoubleFault;
    event = *cursor_.front();
  }
  if (event.error.present != hasErrorCode(event.vector) || event.cr2.present != (event.vector == kPageFault)) {
    noteDivergence("an exception's error code and address", textOf(event), "vector " + std::to_string(event.vector), 0);
    stop(Stop::kDiverged);
  }
  halted_ = false;
  position_.block = nullptr;
  position_.repeating = false;
  // What a double fault meets shuts the processor down: the machine begins anew.
  if (shutDown) return;
  env.errorCode() = static_cast<int32_t>(event.error.value);
  env.exceptionIsSoftware() = 0;
  // Whether two make a double fault is the machine's to say.
  env.exceptionInFlight() = -1;
  engine_.cpu().exceptionIndex() = event.vector;
  const Stack stack(env);
  x86_cpu_do_interrupt_x86_64(engine_.cpu().raw());
  stack.delivered(ram_, env);
}

/** Between two blocks. */
void Simulator::deliverException() {
  enterHandler();
  engine_.cpu().exceptionIndex() = -1;
  jumpOut();
}

/** The engine raised an exception where the relog has one: the relog's is delivered. */
void Simulator::adoptException(uint32_t raised) {
  const Env env = engine_.env();
  const Event& due = *cursor_.due();
  const bool samePage = !due.cr2.present || due.cr2.value == static_cast<uint32_t>(env.cr(2));
  const bool sameError = !due.error.present || due.error.value == static_cast<uint32_t>(env.errorCode());
  if (raised != due.vector) {
    disagree(due, static_cast<int>(raised));
  } else if (!samePage || !sameError) {
    disagree(due, Disagreement::kOtherwise);
  }
  if (raised == kPageFault) env.cr(2) = cr2Before_;
  enterHandler();
}

}  // namespace decouple
