#include "flags.h"

namespace decouple {

uint32_t readFlags(Env env) {
  const uint64_t status = helper_cc_compute_all_x86_64(env.lazyResult(), env.lazySource(), env.lazySource2(),
                                                       static_cast<int>(env.lazyKind()));
  const uint32_t direction = static_cast<uint32_t>(env.direction()) & kDirection;
  const uint32_t rest = static_cast<uint32_t>(env.eflags()) & ~(kStatusFlags | kDirection);
  return rest | (static_cast<uint32_t>(status) & kStatusFlags) | direction | 2;
}

void writeStatusFlags(Env env, uint32_t eflags) {
  env.lazySource() = eflags & kStatusFlags;
  env.lazyKind() = kLazyNone;
}

void writeFlags(Env env, uint32_t eflags) {
  writeStatusFlags(env, eflags);
  env.direction() = (eflags & kDirection) != 0 ? -1 : 1;
  env.eflags() = (eflags & ~(kStatusFlags | kDirection)) | 2;
}

const char* forgivenName(int row) {
  switch (row) {
    case kForgivenOldFlags:
      return "flags-of-older-machine";
    case kForgivenX87Result:
      return "x87-transcendental";
    case kForgivenOldFloat:
      return "float-of-older-machine";
  }
  return "";
}

LazyState readLazily(Env env) {
  return {env.lazyResult(), env.lazySource(), env.lazySource2(), static_cast<uint32_t>(env.lazyKind())};
}

void writeLazily(Env env, const LazyState& state) {
  env.lazyResult() = state.result;
  env.lazySource() = state.source;
  env.lazySource2() = state.source2;
  env.lazyKind() = state.kind;
}

}  // namespace decouple
