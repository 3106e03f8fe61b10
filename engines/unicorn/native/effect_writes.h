/** What an instruction wrote, as an `effect` event states it: an array of pairs of physical address and bytes. */
#pragma once

#include "cbor.h"
#include "events.h"

namespace decouple {

/** Calls `take(address, data, size)` for each write, in order. False where the bytes are no writes, or `take` says so.
 */
template <typename Take>
bool forEachWrite(const Event& event, Take take) {
  CborReader reader(event.effect.writes, event.effect.writesSize);
  uint64_t count;
  if (!reader.readArray(count)) return false;
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t items, address;
    const uint8_t* data;
    size_t size;
    if (!reader.readArray(items) || items != 2 || !reader.readUnsigned(0xffffffff, address)) return false;
    if (!reader.readBytes(data, size) || !take(static_cast<uint32_t>(address), data, size)) return false;
  }
  return reader.atEnd();
}

/** Whether all of it lies in RAM. */
template <typename Range>
bool writesAreIn(const Event& event, const Range& ram) {
  return forEachWrite(
      event, [&ram](uint32_t address, const uint8_t*, size_t size) { return size > 0 && ram.contains(address, size); });
}

}  // namespace decouple
