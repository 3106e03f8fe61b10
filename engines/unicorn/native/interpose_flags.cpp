/**
 * RCL and RCR. OF after more than a bit, which the manual leaves undefined, is as processors have it. The flags before
 * are kept for a store that faults after the rotation (stale_flags.cpp).
 */
#include "abi.h"
#include "hooks.h"
#include "originals.h"
#include "simulator.h"

using decouple::Env;
using decouple::Original;
using decouple::Simulator;

namespace decouple {

namespace {

/** The result, and the flags as the library left them in `env`, which are all known here. */
uint64_t rotated(void* rawEnv, Original<uint64_t(void*, uint64_t, uint64_t)>& original, uint64_t value, uint64_t count,
                 unsigned bits, bool left, uintptr_t from) {
  const Env env(rawEnv);
  Simulator* simulator = Simulator::of(rawEnv);
  if (simulator != nullptr) simulator->rotating(from);
  const uint64_t result = original(rawEnv, value, count);
  const unsigned times = (count & 31) % (bits == 32 ? 32 : bits + 1);
  if (times == 0 || simulator == nullptr) return result;
  const uint64_t top = result >> (bits - 1), other = left ? env.lazySource() : result >> (bits - 2);
  env.lazySource() &= ~uint64_t{kOverflow};
  if (((top ^ other) & 1) != 0) env.lazySource() |= kOverflow;
  return result;
}

}  // namespace

}  // namespace decouple

#define ROTATION(name, bits, left)                                             \
  REPLACES uint64_t name(void* env, uint64_t value, uint64_t count) {          \
    static Original<uint64_t(void*, uint64_t, uint64_t)> original(#name);      \
    return decouple::rotated(env, original, value, count, bits, left, CALLER); \
  }

ROTATION(helper_rclb_x86_64, 8, true)
ROTATION(helper_rclw_x86_64, 16, true)
ROTATION(helper_rcll_x86_64, 32, true)
ROTATION(helper_rcrb_x86_64, 8, false)
ROTATION(helper_rcrw_x86_64, 16, false)
ROTATION(helper_rcrl_x86_64, 32, false)
