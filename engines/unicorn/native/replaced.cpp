/** Instructions that are not left to the engine (see interpose_translate.cpp). */
#include "classify.h"
#include "simulator.h"

namespace decouple {

bool Simulator::runReplaced(uintptr_t from) {
  const Env env = engine_.env();
  const Instruction here = instructionHere();
  if (isLoadFlags(here)) {
    constexpr uint64_t kAh = 0xff00, kLoaded = kCarry | kParity | kAdjust | kZero | kSign, kAlwaysSet = 2;
    const uint64_t flags = (takeFlagsImage(from) & kLoaded) | kAlwaysSet;
    env.gpr(kEax) = (env.gpr(kEax) & ~kAh) | flags << 8;
    return true;
  }
  if (!isPushSegment(here)) return false;
  pushSegment(here, from);
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

}  // namespace decouple
