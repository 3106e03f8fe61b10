#include "replaced.h"

#include "classify.h"
#include "guest_memory.h"
#include "simulator.h"
#include "strings.h"

namespace decouple {

namespace {

constexpr unsigned kEnterOpcode = 0xc8;

}  // namespace

ReplacedKind replacedKind(const uint8_t* bytes, const Instruction& instruction, bool narrow) {
  if (narrow && instruction.memory) {
    if (isBitTest(instruction)) return ReplacedKind::kNarrowBitTest;
    if (loadsHalf(bytes, instruction)) return ReplacedKind::kNarrowConversion;
  }
  if (isFarBitTest(instruction)) return ReplacedKind::kNarrowBitTest;
  if (isCountOfOtherSize(bytes, instruction)) return ReplacedKind::kCountBits;
  if (isBulkString(instruction)) return ReplacedKind::kBulkString;
  if (isPushSegment(instruction)) return ReplacedKind::kPushSegment;
  if (isLoadFlags(instruction)) return ReplacedKind::kLoadFlags;
  if (isBreakpointTrap(instruction)) return ReplacedKind::kBreakpointTrap;
  if (instruction.opcode == kEnterOpcode && !instruction.locked) return ReplacedKind::kEnter;
  if (isSwapOfHalf(instruction)) return ReplacedKind::kSwapHalf;
  if (storesMachineStatus(instruction)) return ReplacedKind::kStoreMachineStatus;
  if (!isX87(instruction)) return ReplacedKind::kNone;
  switch (decodeX87(bytes, instruction).shape) {
    case X87Shape::kUndefined:
      return ReplacedKind::kNone;
    case X87Shape::kCompareFlags:
      return ReplacedKind::kX87Flags;
    default:
      return ReplacedKind::kX87;
  }
}

const ReplacedInstruction& Simulator::replacedAt(uintptr_t from) {
  if (const ReplacedInstruction* known = replaced_.find(from)) return *known;
  settle(from);
  uint8_t bytes[kLongestInstruction];
  ReplacedInstruction found{};
  const size_t available = readCode(linearEip(), bytes, sizeof bytes);
  found.instruction = decodeInstruction(bytes, available, (engine_.env().context() & kContextCode32) != 0);
  found.kind = replacedKind(bytes, found.instruction, narrow_.count(linearEip()) != 0);
  found.mmx = decodeMmx(bytes, found.instruction);
  const bool narrow = found.kind == ReplacedKind::kNarrowBitTest || found.kind == ReplacedKind::kNarrowConversion;
  if (narrow || (found.kind == ReplacedKind::kCountBits && found.instruction.memory))
    found.operand = decodeOperand(bytes, found.instruction);
  const uint8_t* end = bytes + found.instruction.length;
  found.immediate = isReturn(found.instruction) ? static_cast<uint16_t>(end[-2] | end[-1] << 8) : end[-1];
  if (found.kind == ReplacedKind::kEnter) {
    found.level = end[-1] & 31;
    found.immediate = static_cast<uint16_t>(end[-3] | end[-2] << 8);
  }
  if (isX87(found.instruction)) x87Places_.remember(from, decodeX87(bytes, found.instruction));
  return replaced_.remember(from, found);
}

const X87Instruction& Simulator::x87At(uintptr_t from) {
  if (const X87Instruction* known = x87Places_.find(from)) return *known;
  // The other cache may still know of it.
  replaced_.forget(from);
  replacedAt(from);
  return *x87Places_.find(from);
}

bool Simulator::runReplaced(uintptr_t from) {
  if (const X87Instruction* x87 = x87Places_.find(from)) {
    runX87(*x87, from);
    return true;
  }
  const ReplacedInstruction& here = replacedAt(from);
  switch (here.kind) {
    case ReplacedKind::kX87:
      runX87(x87At(from), from);
      return true;
    case ReplacedKind::kBulkString:
      repeatString(here.instruction, from);
      return true;
    case ReplacedKind::kPushSegment:
      pushSegment(here.instruction, from);
      return true;
    case ReplacedKind::kLoadFlags: {
      constexpr uint64_t kAh = 0xff00, kLoaded = kCarry | kParity | kAdjust | kZero | kSign, kAlwaysSet = 2;
      const Env env = engine_.env();
      const uint64_t flags = (takeFlagsImage(from) & kLoaded) | kAlwaysSet;
      env.gpr(kEax) = (env.gpr(kEax) & ~kAh) | flags << 8;
      return true;
    }
    case ReplacedKind::kBreakpointTrap:
      // ICEBP does nothing by itself: its exception is an event. No trap of the trap flag follows it.
      ownTrap_ = (engine_.env().eflags() & kTrap) != 0;
      return true;
    case ReplacedKind::kStoreMachineStatus: {
      // A processor gives all of CR0; the library, its lower half.
      const Env env = engine_.env();
      env.gpr(here.instruction.modrm & 7) = static_cast<uint32_t>(env.cr(0));
      return true;
    }
    case ReplacedKind::kSwapHalf: {
      const Env env = engine_.env();
      uint64_t& value = env.gpr(here.instruction.opcode & 7);
      value = __builtin_bswap32(static_cast<uint32_t>(value));
      return true;
    }
    case ReplacedKind::kEnter:
      enterFrame(here, from);
      return true;
    case ReplacedKind::kNarrowConversion:
      convertNarrowly(here, from);
      return true;
    default:
      return false;
  }
}

uint64_t Simulator::runShownAsRandom(uintptr_t from) {
  const ReplacedInstruction& here = replacedAt(from);
  if (here.kind == ReplacedKind::kNarrowBitTest) {
    testBitNarrowly(here, from);
  } else if (here.kind == ReplacedKind::kCountBits) {
    countBits(here, from);
  } else {
    return takeRandom(from);
  }
  // What is returned is put there.
  return engine_.env().gpr(kEax);
}

/**
 * ENTER (SDM vol. 2A). The library takes the size of EBP from the stack's, where the operand's counts. Nothing has
 * changed where it faults: all is asked for before, in the order in which it is used, and at last what the stack is
 * left at.
 */
void Simulator::enterFrame(const ReplacedInstruction& here, uintptr_t from) {
  const Env env = engine_.env();
  const GuestMemory memory(env, from);
  const unsigned size = here.instruction.operandSize, level = here.level;
  const uint32_t stackMask = (env.context() & kContextStack32) != 0 ? 0xffffffff : 0xffff;
  const uint32_t base = static_cast<uint32_t>(env.segment(kSs).base());
  const auto linear = [&](uint32_t offset) { return base + (offset & stackMask); };
  const uint32_t ebp = env.gpr32(kEbp), frame = env.gpr32(kEsp) - size;
  const uint32_t left = frame - level * size - here.immediate;
  const bool asUser = (env.context() & kContextCpl) == kContextCpl;
  // What does not fault leaves no marks in page tables: the stack may never be used there.
  const auto ask = [&](uint32_t at, AccessKind access) {
    for (const uint32_t byte : {at, at + size - 1}) {
      const bool faults = accessFaults(walkPages(ram_, env, byte), env, access == kAccessStore, asUser);
      if (faults) memory.touch(byte, 1, access);
    }
  };
  ask(linear(frame), kAccessStore);
  for (unsigned i = 1; i < level; ++i) {
    ask(linear(ebp - i * size), kAccessLoad);
    ask(linear(frame - i * size), kAccessStore);
  }
  if (level > 0) ask(linear(frame - level * size), kAccessStore);
  ask(linear(left), kAccessStore);
  memory.store(linear(frame), &ebp, size);
  for (unsigned i = 1; i < level; ++i) {
    uint32_t pointer;
    memory.load(linear(ebp - i * size), &pointer, size);
    memory.store(linear(frame - i * size), &pointer, size);
  }
  if (level > 0) memory.store(linear(frame - level * size), &frame, size);
  const uint32_t operandMask = size == 4 ? 0xffffffff : 0xffff;
  env.gpr(kEbp) = (ebp & ~operandMask) | (frame & operandMask);
  env.gpr(kEsp) = (env.gpr32(kEsp) & ~stackMask) | (left & stackMask);
}

bool Simulator::returnNear(uintptr_t from) {
  constexpr unsigned kReturn = 0xc2;
  const ReplacedInstruction& here = replacedAt(from);
  if (here.instruction.opcode != kReturn) return false;
  const Env env = engine_.env();
  const unsigned size = here.instruction.operandSize;
  const uint32_t stackMask = (env.context() & kContextStack32) != 0 ? 0xffffffff : 0xffff;
  const uint32_t top = env.gpr32(kEsp) & stackMask;
  uint32_t target = 0;
  GuestMemory(env, from).load(static_cast<uint32_t>(env.segment(kSs).base() + top), &target, size);
  env.gpr(kEsp) = (env.gpr32(kEsp) & ~stackMask) | ((top + size + here.immediate) & stackMask);
  env.eip() = target;
  return true;
}

void Simulator::pushSegment(const Instruction& push, uintptr_t from) {
  const Env env = engine_.env();
  int segment = kGs;
  switch (push.opcode) {
    case 0x06:
      segment = kEs;
      break;
    case 0x0e:
      segment = kCs;
      break;
    case 0x16:
      segment = kSs;
      break;
    case 0x1e:
      segment = kDs;
      break;
    case 0x0fa0:
      segment = kFs;
      break;
  }
  const uint64_t stackMask = (env.context() & kContextStack32) != 0 ? 0xffffffff : 0xffff;
  const uint64_t top = (env.gpr(kEsp) - 4) & stackMask;
  const uint64_t linear = (env.segment(kSs).base() + top) & 0xffffffff;
  cpu_stw_data_ra_x86_64(env.raw(), linear, env.segment(segment).selector() & 0xffff, from);
  env.gpr(kEsp) = (env.gpr(kEsp) & ~stackMask & 0xffffffff) | top;
}

/** Exact, in the middle of a block: before the instruction at EIP, which must be up to date. */
uint64_t Simulator::positionInBlock() const {
  const Translation& block = *position_.block;
  return position_.count - block.counted + block.startingBefore(linearEip());
}

/** REP MOVS and REP STOS, as far as the next event, or until others must have their turn. */
void Simulator::repeatString(const Instruction& string, uintptr_t from) {
  const Env env = engine_.env();
  const Event* due = cursor_.due();
  const bool here = due != nullptr && due->repeat.present && due->position == positionInBlock() &&
                    due->repeat.value <= repeatCounter(env, string);
  const uint32_t until = here ? due->repeat.value : 0;
  const bool done = runString(env, string, until, from);
  if (done && until == 0) return;
  // What remains is found at the boundary of the block that begins with it, and before it the event.
  abandonBlock(linearEip());
  if (done) {
    stringStoppedFor_ = cursor_.consumed();
    jumpOut();
  }
  paused_ = stepping_;
  stop(Stop::kPause);
}

}  // namespace decouple
