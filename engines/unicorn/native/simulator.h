/**
 * The simulator: a CPU and RAM without devices, fed the events of a relog.
 *
 * The engine calls back at the start of every block (`position.cpp`), on every exception (`delivery.cpp`) and where an
 * instruction needs a value from outside (`sync.cpp`, called by the functions that `interpose_*.cpp` put in the place
 * of the engine's own). All of them may end in a jump back into the engine's main loop, over any frame between, so
 * what they hold must not need a destructor: everything with one is confined to functions that return.
 */
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "coverage.h"
#include "cursor.h"
#include "decode.h"
#include "disagreement.h"
#include "divergence.h"
#include "engine.h"
#include "extent.h"
#include "fault.h"
#include "flags.h"
#include "forms.h"
#include "place_cache.h"
#include "position.h"
#include "ram.h"
#include "replaced.h"
#include "state.h"
#include "tlb.h"
#include "translations.h"
#include "trial.h"
#include "walk.h"
#include "x87_decode.h"

namespace decouple {

/** kPause: one instruction repeats for long; to run on is all there is to do. */
enum class Stop { kNone, kStarved, kKeyframe, kState, kEnd, kLimit, kPause, kEffect, kForm, kSpoil, kDiverged };

struct Counts {
  uint64_t interrupts = 0;
  uint64_t exceptions = 0;
  uint64_t softwareInterrupts = 0;
  uint64_t dma = 0;
  uint64_t checks = 0;
  uint64_t marks = 0;
  uint64_t translations = 0;
  uint64_t splits = 0;
  /** Instructions whose effect the relog states. */
  uint64_t healed = 0;
};

/** What of the CPU nearly every instruction changes. */
struct StepState {
  uint32_t linear, eflags;
  uint32_t gpr[8];
};

/** Whether an exception pushes an error code (SDM vol. 3A, 6.13). */
bool hasErrorCode(uint32_t vector);

class Simulator;
/** The simulator whose engine is running on this thread, null if none. */
extern __thread Simulator* runningSimulator;

class Simulator : public DeviceMemory {
 public:
  explicit Simulator(const std::vector<Region>& spans);
  ~Simulator() override;

  static Simulator* running() { return runningSimulator; }
  /** The simulator of this CPU, if it is running. */
  static Simulator* of(void* env) {
    Simulator* simulator = runningSimulator;
    return simulator != nullptr && simulator->engine_.env().raw() == env ? simulator : nullptr;
  }

  // --- between runs
  void loadState(const CpuState& state, uint64_t position);
  CpuState readState() const;
  StepState stepState() const;
  /**
   * For a machine that leaves undefined flags to chance: where an event tells its status flags, they are taken. Without
   * it they must agree.
   */
  void setFlagsTaken(bool on) { flagsTaken_ = on; }
  /** Writes one page of RAM; false when it is none. */
  bool writePage(uint32_t number, const uint8_t* bytes);
  void copyRamFrom(const Ram& from);
  void copyRamTo(Ram& to) const { copyRam(ram_, to); }
  const Ram& ram() const { return ram_; }
  PageWalk walk(uint32_t linear) const { return walkPages(ram_, engine_.env(), linear); }
  bool feed(const uint8_t* bytes, size_t size, std::string& why) { return cursor_.feed(bytes, size, ram_, why); }
  void finish() { cursor_.finish(); }
  void dropEvents();
  size_t bytesHeld() const { return cursor_.bytesHeld(); }
  void enableCoverage();
  CoverageBatch takeCoverage() { return coverage_.take(); }

  /** Runs until something stops it; `limit`: at most so many instructions. */
  Stop run(uint64_t limit) {
    if (forms_.spoils()) return runWithForms(limit);
    return fault_ == nullptr ? runFreely(limit) : runWithFault(limit);
  }
  /** Runs also stop behind this check, as at a limit; checks are counted from 1. */
  void stopAtCheck(uint64_t number) { lastCheck_ = number; }
  /** Runs also stop, as at a limit, before every instruction, when what happens at its position has happened. */
  void setStepping(bool on);
  bool stepping() const { return stepping_; }
  /**
   * For events that were changed: where they tell the machine's status flags and general registers, the simulator's own
   * stand, are not compared, and are noted. All else must agree: where events happen and what asks for them.
   */
  void setOwnValues(bool on);
  /** What was noted since the last time, event by event: the flags, and of a check the general registers after them. */
  std::vector<uint32_t> takeOwnValues() { return std::exchange(ownValues_, {}); }
  /** Exceptions that are delivered without running their instruction: runs it to see whether the engine agrees. */
  void setComparing(bool on) { comparing_ = on; }
  const Disagreements& disagreements() const { return disagreements_; }
  void plantFault(const PlantedFault& fault);
  /** Which forms are looked at before they run: runs then stop with kForm. */
  Forms& forms() { return forms_; }
  /** The form that the last run stopped at. */
  uint64_t form() const { return form_; }
  /** All code is translated anew: what forms are looked at has changed. */
  void formsChanged() { dropCode(); }
  /** Of the effect that the last run stopped at. */
  const std::vector<uint8_t>& healedCode() const { return healedCode_; }
  uint64_t position() const { return position_.count; }
  uint64_t keyframeIndex() const { return keyframeIndex_; }
  /** The encoded CPU state that the last run stopped at. */
  const std::vector<uint8_t>& newState() const { return newState_; }
  const Divergence& divergence() const { return divergence_; }
  Situation situation() const;
  const Counts& counts() const { return counts_; }
  uint64_t eventsConsumed() const { return cursor_.consumed(); }
  const uint64_t* forgiven() const { return forgiven_; }

  // --- called by what replaces the engine's functions (sync.cpp)
  /** Brings EIP and the lazily kept flags up to date, as of the instruction that called from `from`. */
  void settle(uintptr_t from);
  uint32_t takePort(uint16_t port, unsigned size, uintptr_t from);
  uint64_t takeTsc(uintptr_t from);
  void takeCpuid(uintptr_t from);
  void takeMsr(uintptr_t from);
  uint32_t takeRandom(uintptr_t from);
  uint64_t readPart(uint32_t address, unsigned size, uintptr_t from);
  uint32_t takeFlagsImage(uintptr_t from);
  uint32_t takePushedFlags(uintptr_t from);
  /** Puts the machine's result of an x87 instruction in the place of the engine's. */
  void takeX87(uint16_t opcode, bool required, const X87Operands& before, uintptr_t from);
  /** What FNSTENV, FNSAVE or FXSAVE stores; consumed by the second call, when all is stored. */
  const Event& peekX87Environment(uintptr_t from);
  void takeX87Environment();
  /** The status word that FNSTSW stores; consumed by the second call, when it is stored: that may run code anew. */
  uint16_t peekX87Status(uintptr_t from);
  void takeX87Status();
  void takeSseApproximation(uint16_t opcode, uint8_t* result, unsigned bytes, uintptr_t from);
  uint64_t readDevice(uint32_t address, unsigned size) override;
  void writeDevice(uint32_t address, uint64_t value, unsigned size) override;
  /** Around a read of an operand that is not aligned: a size of 0 ends it. */
  void readsUnaligned(uint32_t linear, unsigned size, uintptr_t from) { unaligned_ = {linear, size, from, 0, {}}; }
  /** A page is looked up; and whether that faults. */
  void fills(uint32_t linear, int access, bool asUser) { fill_ = {linear, access, asUser}; }
  bool fillFaults();
  /** Does what the replaced instruction at EIP does; false when there is none. */
  bool runReplaced(uintptr_t from);
  /** RDRAND, and replaced instructions that set the flags. Returns what goes to the register. */
  uint64_t runShownAsRandom(uintptr_t from);
  /** FCOMI and its kin, which the engine is shown as FUCOMI (see extent.h). */
  void compareX87Flags(uintptr_t from);
  /** Does what the RET at EIP does, if it is shown as RETF; false when it is RETF. */
  bool returnNear(uintptr_t from);
  /** What an MMX instruction does to the x87 state before it runs. */
  void enterMmx(uintptr_t from);
  /** Whether MXCSR's flags and masks are a processor's; else the flags stay as loaded, and nothing raises exceptions.
   */
  bool exactFloat() const { return exactFloat_; }
  void setExactFloat(bool on) { exactFloat_ = on; }
  void forgive(ForgivenRow row) { ++forgiven_[row]; }

  // --- called as control moves (position.cpp, delivery.cpp)
  void beforeLookup();
  void beforeJumpOut();
  [[noreturn]] void afterStep();
  /** An instruction that the library does not step retired. */
  void noteStep();
  [[noreturn]] void halt(uint32_t nextEip);
  /** The block under way is done, and the instruction at `nextEip` comes next. */
  [[noreturn]] void leaveAt(uint32_t nextEip);
  void spaceChanged();
  /** Writes down that the instruction at `from` (host code; 0: the CPU's EIP is right) does not match the relog. */
  void noteDivergence(const char* what, const std::string& expected, const std::string& got, uintptr_t from);
  /** Leaves the engine. */
  [[noreturn]] void stop(Stop why);

  // --- called as code is translated or written (interpose_translate.cpp, interpose_memory.cpp)
  Engine& engine() { return engine_; }
  void translationsDropped() {
    translations_.clear();
    replaced_.clear();
    x87Places_.clear();
  }
  CodePages& codePages() { return codePages_; }
  TlbKeeper& tlb() { return tlb_; }
  const NarrowPlaces& narrowPlaces() const { return narrow_; }
  const Forms* askedForms() const { return forms_.any() ? &forms_ : nullptr; }
  /** Whether an instruction runs of which only what it raises is asked. */
  bool onTrial() const { return trial_.running(); }
  void protectCode(uint64_t enginePage);
  /**
   * A write in several parts, by the instruction at `from` (host code). Where it changes the block under way, that is
   * left before any part is written, and the instruction runs in a block of its own: the library would notice in the
   * middle.
   */
  void beforeStore(uint32_t linear, unsigned size, uintptr_t from);
  /** Whether code was translated from the page that is mapped at a linear address; true where that is not known. */
  bool holdsCode(uint32_t linear) const;
  /** Copies code at a linear address, as far as it is mapped to RAM; changes nothing. Returns how much. */
  size_t readCode(uint32_t linear, uint8_t* out, size_t size) const;
  /** A page is about to be looked up. */
  void beforeFill(uint32_t linear, int access, uintptr_t from);
  /** The access to memory that may leave its instruction comes from here in generated code. */
  void accessing(uintptr_t from) { lastAccess_ = from; }
  /** The helper of RCL and RCR was called from here. */
  void rotating(uintptr_t from);
  /** A read, by the instruction at `from` (host code), that is a part of a write and would fault as one. */
  bool faultsAsWrite(uint32_t linear, bool asUser, uintptr_t from);
  Translation* beginTranslation();
  void endTranslation(const TranslatedBlock& block, Translation& record);

 private:
  friend struct Hooks;
  /** Whether the next event happens here; when not, instructions come before it. */
  enum class Due { kNow, kLater };

  // position.cpp
  void atBlock(Translation& block);
  void atBoundary();
  void pause();
  [[noreturn]] void pauseRepeat(const Translation& block);
  Due whatIsDue(const Translation* block);
  bool repeatReached(const Event& event) const;
  void enter(Translation& block);
  void abandonBlock(uint32_t linear);
  bool imageIsTakenOf(uint32_t linear) const;
  void leaveBlock(uint32_t linear);
  void restoreFlagsInRepeat();
  void refreshDue();
  uint64_t starvesAt() const;
  [[noreturn]] void jumpOut();
  [[noreturn]] void split(uint64_t instructions);
  // counting.cpp
  void countBlock(Translation& block);
  void countPart(Translation& block, unsigned retired);
  void countRepeat();
  void describeCode(Translation& record);
  // delivery.cpp
  void handleDue();
  [[noreturn]] void deliverInterrupt(const Event& due);
  void writeDma(const Event& event);
  void compareCheck(const Event& event);
  void onException(uint32_t vector);
  [[noreturn]] void raisedAlone(uint32_t vector, Kind kind);
  Instruction instructionHere() const;
  Instruction instructionAt(uint32_t linear, bool code32) const;
  void compareInstant(uint32_t eip, uint32_t eflags);
  bool noteOwnFlags(uint32_t eflags, uint32_t compared);
  bool agreeOnFlags(uint32_t eflags, uint32_t compared);
  // fill.cpp
  bool faultsHere(uint32_t linear, bool write) const;
  void fetchHere();
  [[noreturn]] void endTrialAtStore(uint32_t linear, uintptr_t from);
  void readSourceFirst(uint32_t linear, uintptr_t from);
  // exceptions.cpp
  bool deliveredAtOnce(const Event& event, uint32_t linear, bool code32) const;
  bool mayNotBeRead(uint32_t linear) const;
  bool leavesSomething(uint8_t vector) const;
  bool exceptionIsNow(const Event& due, const Translation* block);
  [[noreturn]] void tryAgain();
  [[noreturn]] void endTrial(int raised);
  [[noreturn]] void leaveTrial();
  void disagree(const Event& due, int raised);
  bool nestedIsNext(uint64_t position, uint32_t eip) const;
  void enterHandler();
  [[noreturn]] void deliverException();
  void adoptException(uint32_t raised);
  // stale_flags.cpp
  void repairFlags();
  // run.cpp
  Stop runFreely(uint64_t limit);
  void consume();
  void dropCode();
  void writeRam(uint32_t address, const uint8_t* bytes, size_t size);
  // healing.cpp
  [[noreturn]] void applyEffect();
  void countHealed(uint32_t linear, const Event& event);
  void describeForm(Translation& record);
  void lookAtForm(const Translation& block);
  Stop runWithForms(uint64_t limit);
  // fault.cpp
  Stop runWithFault(uint64_t limit);
  void spoilMemory(const Ram& before);
  // sync.cpp
  const Event& expect(Kind kind, uintptr_t from);
  // replaced.cpp
  const ReplacedInstruction& replacedAt(uintptr_t from);
  const X87Instruction& x87At(uintptr_t from);
  void pushSegment(const Instruction& push, uintptr_t from);
  void repeatString(const Instruction& string, uintptr_t from);
  // narrow.cpp
  bool accessesLess() const;
  void makeNarrow();
  bool retryNarrowly();
  void readNarrowly(uintptr_t from);
  void unpackNarrowly(const ReplacedInstruction& unpack, uintptr_t from);
  void convertNarrowly(const ReplacedInstruction& conversion, uintptr_t from);
  void testBitNarrowly(const ReplacedInstruction& test, uintptr_t from);
  void countBits(const ReplacedInstruction& count, uintptr_t from);
  void enterFrame(const ReplacedInstruction& here, uintptr_t from);
  uint64_t positionInBlock() const;
  // x87_instruction.cpp
  void runX87(const X87Instruction& x, uintptr_t from);
  void runX87Whole(const X87Instruction& x, uint32_t linear, uintptr_t from);
  void runX87Control(const X87Instruction& x, uint32_t linear, uintptr_t from);
  // x87_events.cpp
  bool adoptX87Status(uint16_t machine, uint16_t tolerated);
  uint16_t toleratedX87Status() const;

  uint32_t linearEip() const {
    const Env env = engine_.env();
    return static_cast<uint32_t>(env.segment(kCs).base() + env.eip());
  }

  bool exactFloat_ = false;
  Ram ram_;
  Engine engine_;
  Translations translations_;
  CodePages codePages_;
  TlbKeeper tlb_;
  Cursor cursor_;
  Position position_;
  uint64_t limitAt_ = ~uint64_t{0};
  uint64_t lastCheck_ = ~uint64_t{0};
  bool stepping_ = false;
  bool ownValuesStand_ = false;
  bool flagsTaken_ = false;
  /** The event that a string instruction was stopped for, by how many were consumed before it. */
  uint64_t stringStoppedFor_ = ~uint64_t{0};
  /**
   * The last flags image: of which instruction (host code) in which run of its block, and at which position it is run
   * again.
   */
  uintptr_t imageFrom_ = 0;
  uint64_t imageEntry_ = 0;
  uint64_t imageAgainAt_ = ~uint64_t{0};
  uint32_t image_ = 0;
  /** The flags before the REP instruction under way, when it began its block. */
  LazyState beforeRepeat_{};
  /** The position behind the last instruction that ran with the trap flag set. */
  uint64_t steppedAt_ = ~uint64_t{0};
  /** The instruction under way, which runs with the trap flag set, raises #DB by itself. */
  bool ownTrap_ = false;
  std::vector<uint32_t> ownValues_;
  /** Stepping, the last run stopped before an instruction; this one begins with it. */
  bool paused_ = false, resuming_ = false;
  std::unique_ptr<PlantedFault> fault_;
  bool halted_ = false;
  Stop stop_ = Stop::kNone;
  uint64_t keyframeIndex_ = 0;
  std::vector<uint8_t> newState_;
  /** An operand that is not aligned and is read now: its linear address; 0 bytes for none; which of them are known. */
  struct {
    uint32_t linear;
    unsigned size;
    uintptr_t from;
    uint32_t known;
    uint8_t bytes[8];
  } unaligned_{};
  /** What the trial is of. */
  Instruction tried_{};
  /** `endTrialAtStore` marks a page: no store of the trial. */
  bool markingFirstPage_ = false;
  /** The page that was looked up last. */
  struct {
    uint32_t linear;
    int access;
    bool asUser;
  } fill_{};
  /** The other half of an unaligned read of device memory. */
  struct {
    uint32_t address;
    unsigned size;
    uint8_t bytes[8];
  } rest_{};
  PlaceCache<ReplacedInstruction, 2048> replaced_;
  NarrowPlaces narrow_;
  PlaceCache<X87Instruction, 4096> x87Places_;
  Trial trial_;
  bool comparing_ = false;
  Disagreements disagreements_;
  /** CR2 before the last look at page tables, and the place in generated code of the access. */
  uint64_t cr2Before_ = 0;
  uintptr_t lastAccess_ = 0;
  /** The last rotation through carry: where in generated code, and the flags before it. */
  struct {
    uintptr_t from;
    uint64_t flags;
  } rotate_{};
  Forms forms_;
  uint64_t form_ = 0;
  std::vector<uint8_t> healedCode_;
  /** Where an instruction is about to run that was looked at. */
  struct FormPlace {
    uint64_t position;
    uint32_t linear;
    bool operator==(const FormPlace& other) const { return position == other.position && linear == other.linear; }
  };
  FormPlace lookedAt_{~uint64_t{0}, 0}, spoiledAt_{~uint64_t{0}, 0};
  const SpoiledForm* spoiling_ = nullptr;
  EventTrail trail_;
  Divergence divergence_{};
  Counts counts_;
  uint64_t forgiven_[kForgivenRows] = {};
  /** The block hook is to be installed before the next run. */
  bool hookAgain_ = true;
  bool counting_ = false;
  BlockCount ignored_;
  Coverage coverage_;
  uint32_t space_ = 0;
};

}  // namespace decouple
