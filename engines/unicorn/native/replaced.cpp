#include "replaced.h"

#include "classify.h"
#include "simulator.h"
#include "strings.h"

namespace decouple {

bool Simulator::runReplaced(uintptr_t from) {
  if (replaced_.find(from) == nullptr) replaced_.remember(from, instructionHere());
  const Instruction& here = *replaced_.find(from);
  if (isBulkString(here)) {
    repeatString(here, from);
  } else if (isPushSegment(here)) {
    pushSegment(here, from);
  } else if (isLoadFlags(here)) {
    constexpr uint64_t kAh = 0xff00, kLoaded = kCarry | kParity | kAdjust | kZero | kSign, kAlwaysSet = 2;
    const Env env = engine_.env();
    const uint64_t flags = (takeFlagsImage(from) & kLoaded) | kAlwaysSet;
    env.gpr(kEax) = (env.gpr(kEax) & ~kAh) | flags << 8;
  } else {
    // ICEBP does nothing by itself: its exception is an event.
    return isBreakpointTrap(here);
  }
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
  if (done) jumpOut();
  paused_ = stepping_;
  stop(Stop::kPause);
}

}  // namespace decouple
