#include "sse.h"

#include <ucontext.h>

#include "simulator.h"

namespace decouple {

namespace {

thread_local SseTrap trap;

/** A signal that is none of the guest's takes its usual course. */
void onFloatingPointSignal(int number, siginfo_t*, void* passed) {
  if (trap.armed == 0) {
    std::signal(number, SIG_DFL);
    return;
  }
  auto& mxcsr = static_cast<ucontext_t*>(passed)->uc_mcontext.fpregs->mxcsr;
  if (trap.raised == 0) trap.mxcsr = mxcsr;
  trap.raised = 1;
  mxcsr |= kMxcsrMasks;
}

bool catchSignal() {
  struct sigaction action {};
  action.sa_sigaction = onFloatingPointSignal;
  action.sa_flags = SA_SIGINFO;
  return sigaction(SIGFPE, &action, nullptr) == 0;
}

}  // namespace

SseTrap& sseTrap() {
  static const bool caught = catchSignal();
  static_cast<void>(caught);
  return trap;
}

bool exactFloat() { return runningSimulator != nullptr && runningSimulator->exactFloat(); }

void noteSseFlags(Env env, uint32_t flags, uintptr_t from) {
  constexpr int kInvalidOpcode = 6, kSimdException = 19;
  constexpr uint64_t kExceptionsSupported = 0x400;
  env.mxcsr() |= flags;
  if ((flags & ~(env.mxcsr() >> 7)) == 0) return;
  const bool supported = (env.cr(4) & kExceptionsSupported) != 0;
  raise_exception_err_ra_x86_64(env.raw(), supported ? kSimdException : kInvalidOpcode, 0, from);
}

}  // namespace decouple
