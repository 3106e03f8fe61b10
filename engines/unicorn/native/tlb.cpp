#include "tlb.h"

#include <limits>

namespace decouple {

namespace {

/** A cache that was too large for all of so many flushes becomes smaller. */
constexpr unsigned kFlushesToShrink = 64;

}  // namespace

void TlbSizes::beforeFlush(Env env) {
  for (int mode = 0; mode < Tlb::kModes; ++mode) {
    const Tlb tlb(env, mode);
    if (tlb.counted() == 0) continue;  // empty: will not be touched
    Use& use = uses_[mode];
    const uint64_t used = tlb.used();
    if (used > use.most) use.most = used;
    tlb.counted() = used;
    // The engine grows a cache that was filled by 70%, and shrinks it when its time of watching is over.
    if (++use.flushes < kFlushesToShrink) {
      tlb.watchedSince() = std::numeric_limits<int64_t>::max() / 2;
      tlb.mostCounted() = used;
    } else {
      tlb.watchedSince() = 0;
      tlb.mostCounted() = use.most;
      use = Use();
    }
  }
}

}  // namespace decouple
