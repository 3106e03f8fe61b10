#include "tlb.h"

#include <limits>

namespace decouple {

namespace {

constexpr uint64_t kGlobalEntry = 0x100, kGlobalEnabled = 0x80;
/** Percentage of entries in use from which a cache is made larger; the engine's own. */
constexpr size_t kFull = 70;
/** When more pages than this were entered, emptying everything is quicker. */
constexpr size_t kMostLocal = 4096;
/** Has the engine not look at the clock: it makes a cache smaller some time after it began to watch it. */
constexpr int64_t kNever = std::numeric_limits<int64_t>::max() / 2;

}  // namespace

TlbKeeper::TlbKeeper() : global_((1 << 20) / 64) { local_.reserve(kMostLocal); }

void TlbKeeper::entered(uint64_t linear, int mode, bool walked) {
  const uint32_t page = static_cast<uint32_t>(linear) >> 12;
  const uint64_t bit = uint64_t{1} << (page & 63);
  if (walked && (lastEntry_ & kGlobalEntry) != 0) {
    global_[page >> 6] |= bit;
  } else {
    global_[page >> 6] &= ~bit;
    if (local_.size() < kMostLocal) local_.push_back({page, mode});
  }
}

bool TlbKeeper::flush(Cpu cpu, Env env) {
  bool full = false;
  for (int mode = 0; mode < Tlb::kModes; ++mode) {
    const Tlb tlb(env, mode);
    tlb.watchedSince() = kNever;
    // The engine counts too many, so what it has counted is worth a look when it is many alone.
    if (tlb.counted() * 100 <= kFull * tlb.entries()) continue;
    chooseSize(tlb);
    full = full || tlb.counted() * 100 > kFull * tlb.entries();
  }
  const bool partial = loadingCr3_ && !full && local_.size() < kMostLocal && (env.cr(4) & kGlobalEnabled) != 0;
  if (partial) keepGlobal(cpu, env);
  local_.clear();
  return partial;
}

void TlbKeeper::keepGlobal(Cpu cpu, Env env) {
  forgetLocal(env);
  void** recent = cpu.recentBlocks();
  for (size_t i = 0; i < Cpu::kRecentBlocks; ++i) {
    if (recent[i] == nullptr) continue;
    const TranslatedBlock block(recent[i]);
    if (!isGlobal(block.address()) || !isGlobal(block.address() + block.size() - 1)) recent[i] = nullptr;
  }
}

void TlbKeeper::forgetLocal(Env env) {
  for (const Entered& entered : local_) {
    const Tlb tlb(env, entered.mode);
    const size_t index = entered.page & (tlb.entries() - 1);
    const uint64_t page = tlb.pageOf(index);
    if (page == ~uint64_t{0} || page >> 12 != entered.page) continue;
    tlb.forget(index);
    if (tlb.counted() > 0) --tlb.counted();
  }
  for (int mode = 0; mode < Tlb::kModes; ++mode) Tlb(env, mode).forgetVictims();
}

void TlbKeeper::beforeFlushPage(Env env, uint64_t linear) {
  for (int mode = 0; mode < Tlb::kModes; ++mode) {
    const Tlb tlb(env, mode);
    if (tlb.counted() != 0 && tlb.inLargePage(linear & ~uint64_t{0xfff})) chooseSize(tlb);
  }
}

/** Tells the engine how many entries really are in use. */
void TlbKeeper::chooseSize(const Tlb& tlb) {
  tlb.counted() = tlb.used();
  tlb.mostCounted() = tlb.counted();
  tlb.watchedSince() = kNever;
}

}  // namespace decouple
