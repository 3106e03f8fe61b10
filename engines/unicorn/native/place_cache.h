/** What is known of places in generated code. */
#pragma once

#include <cstddef>
#include <cstdint>

namespace decouple {

/** Places mean the same until all code goes; then it is to be cleared. */
template <typename Value, size_t kEntries>
class PlaceCache {
 public:
  /** What was remembered for this place; null if nothing. */
  const Value* find(uintptr_t place) const {
    const Entry& entry = entries_[indexOf(place)];
    return entry.place == place ? &entry.value : nullptr;
  }
  const Value& remember(uintptr_t place, const Value& value) {
    Entry& entry = entries_[indexOf(place)];
    entry.place = place;
    entry.value = value;
    return entry.value;
  }
  void forget(uintptr_t place) { entries_[indexOf(place)].place = 0; }
  void clear() {
    for (Entry& entry : entries_) entry.place = 0;
  }

 private:
  struct Entry {
    uintptr_t place = 0;
    Value value{};
  };
  /** Calls lie at least this far apart. */
  static constexpr int kSpacingBits = 4;
  static size_t indexOf(uintptr_t place) { return (place >> kSpacingBits) % kEntries; }
  Entry entries_[kEntries];
};

}  // namespace decouple
