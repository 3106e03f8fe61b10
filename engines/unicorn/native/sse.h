/** SSE calculations by the host's own unit, with the guest's MXCSR. Host code runs with 1F80h, and finds it again. */
#pragma once

#include <emmintrin.h>

#include <csignal>
#include <cstdint>

#include "abi.h"

namespace decouple {

/** Bits of MXCSR (SDM vol. 1, 10.2.3); each exception's mask lies 7 bits above its flag. */
enum Mxcsr : uint32_t {
  kMxcsrFlags = 0x3f,
  kMxcsrMasks = 0x1f80,
  /** Rounding, flushing, and denormals as zeros. */
  kMxcsrControl = 0xe040,
};

inline void loadHostMxcsr(uint32_t value) { asm volatile("ldmxcsr %0" : : "m"(value) : "memory"); }

/**
 * A calculation with exceptions that are not masked: when the host raises one, its signal handler keeps MXCSR as it was
 * then, masks all, and the instruction runs again, to be forgotten. Which flags are set beside the one raised, only the
 * processor knows.
 *
 * The handler returns: who jumps out of it takes along what the kernel gave it, such as the rights to the pages of
 * compiled JavaScript (pkeys(7)).
 */
struct SseTrap {
  /** The host is calculating. */
  volatile sig_atomic_t armed;
  volatile sig_atomic_t raised;
  /** Of the first exception. */
  volatile uint32_t mxcsr;
};
/** This thread's; the first call has the process catch the signal. */
SseTrap& sseTrap();

/** What remains of `runSse` when the guest's control bits are unusual or there are new flags. Returns new flags. */
template <typename Run>
__attribute__((noinline)) uint32_t runSseSlowly(uint32_t guest, Run& run) {
  uint32_t after;
  if ((guest & kMxcsrMasks) == kMxcsrMasks) {
    loadHostMxcsr(guest & ~kMxcsrFlags);
    after = run();
  } else {
    SseTrap& trap = sseTrap();
    trap.raised = 0;
    trap.armed = 1;
    loadHostMxcsr(guest & ~kMxcsrFlags);
    after = run();
    trap.armed = 0;
    if (trap.raised != 0) after = trap.mxcsr;
  }
  const uint32_t flags = after & kMxcsrFlags;
  // With the usual control bits flags may stay: they are among the guest's from now on.
  loadHostMxcsr(kMxcsrMasks | ((guest & (kMxcsrControl | kMxcsrMasks)) == kMxcsrMasks ? flags : 0));
  return flags;
}

/** Adds an operation's flags to the guest's; raises the exception where one is not masked (SDM vol. 1, 11.5). */
void noteSseFlags(Env env, uint32_t flags, uintptr_t from);
/** Whether the guest's MXCSR gets flags and may raise exceptions (see Simulator). */
bool exactFloat();

/**
 * Calls `run`, which calculates and returns the host's MXCSR as it is right after. It may be called again, from the
 * same operands. What it calculates may be used when this returns.
 */
template <typename Run>
inline void runSse(void* rawEnv, uintptr_t from, Run run) {
  const Env env(rawEnv);
  const uint32_t guest = env.mxcsr() | (exactFloat() ? 0u : uint32_t{kMxcsrMasks});
  if (__builtin_expect((guest & (kMxcsrControl | kMxcsrMasks)) == kMxcsrMasks, 1)) {
    const uint32_t after = run();
    // Flags that the guest has already need not be told apart from those of this operation.
    if ((after & ~guest) == 0 || !exactFloat()) return;
  }
  const uint32_t flags = runSseSlowly(guest, run);
  if (exactFloat()) noteSseFlags(env, flags, from);
}

inline __m128i loadSse(const void* from) { return _mm_loadu_si128(static_cast<const __m128i*>(from)); }
inline void storeSse(void* to, __m128i value) { _mm_storeu_si128(static_cast<__m128i*>(to), value); }

}  // namespace decouple
