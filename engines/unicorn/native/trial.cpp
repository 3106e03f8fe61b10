#include "trial.h"

#include <cstring>

#include "walk.h"

namespace decouple {

void Trial::begin(Env env, const Position& position, uint64_t event) {
  running_ = true;
  tried_ = event;
  position_ = position;
  const auto* state = static_cast<const uint8_t*>(env.raw());
  state_.assign(state, state + Env::architecturalSize());
  entries_.clear();
}

void Trial::remember(const Ram& ram, Env env, uint32_t linear) {
  uint64_t addresses[kMostEntries];
  const unsigned count = pageEntries(ram, env, linear, addresses);
  for (unsigned i = 0; i < count; ++i) {
    const uint8_t* bytes = ram.at(addresses[i], sizeof(uint32_t));
    if (bytes == nullptr) continue;
    Entry entry{addresses[i], 0};
    std::memcpy(&entry.value, bytes, sizeof entry.value);
    entries_.push_back(entry);
  }
}

void Trial::end(Ram& ram, Env env, Position& position, unsigned kept) {
  constexpr uint32_t kSticky = 0x3f;
  running_ = false;
  const uint32_t sticky = (kept & kSimdFlags) != 0 ? env.mxcsr() & kSticky : 0;
  std::memcpy(env.raw(), state_.data(), state_.size());
  env.mxcsr() |= sticky;
  // What was remembered first is how it was.
  const bool unmarked = (kept & kMarks) == 0;
  for (auto entry = entries_.rbegin(); unmarked && entry != entries_.rend(); ++entry) {
    std::memcpy(ram.at(entry->address, sizeof entry->value), &entry->value, sizeof entry->value);
  }
  position = position_;
}

}  // namespace decouple
