/**
 * The events that were fed and not yet consumed. A frame is checked completely when it is fed, so that reading it
 * later cannot fail; it is kept as it came and decoded again event by event, so memory is bounded by what is fed.
 */
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "events.h"

namespace decouple {

/** Where DMA may write. */
class AddressRange {
 public:
  virtual ~AddressRange() = default;
  virtual bool contains(uint32_t address, size_t size) const = 0;
};

class Cursor {
 public:
  /** Appends the payload of one `events` frame. False and a reason when it breaks the format's rules: nothing is kept.
   */
  bool feed(const uint8_t* bytes, size_t size, const AddressRange& ram, std::string& why);
  /** Says that no frame follows: the last event may be consumed too. */
  void finish() { finished_ = true; }
  /** Everything up to the next stop of the run (a keyframe mark, a new CPU state, or the end) is there, or no frame
   * follows at all. */
  bool complete() const { return finished_ || stopsLeft_ > 0; }
  void clear();

  /** The next event, null when there is none. */
  const Event* front() const { return hasFront_ ? &front_ : nullptr; }
  void pop();
  /** The next event that has a position, null when none was fed. */
  const Event* due() const { return hasDue_ ? &due_ : nullptr; }
  /** Events with a position that were fed and not consumed. */
  uint64_t positionedLeft() const { return positionedLeft_; }
  /** Events consumed so far. */
  uint64_t consumed() const { return consumed_; }
  size_t bytesHeld() const { return bytesHeld_; }
  /** FNV-1a, 32 bits, of the events consumed since the last check or keyframe mark. */
  uint32_t digest() const { return digest_; }
  /** Up to `count` events from the front on. */
  std::vector<Event> ahead(size_t count) const;

 private:
  struct Frame {
    std::vector<uint8_t> bytes;
    uint64_t basePosition;
    size_t firstEvent;
  };
  /** A place in the stream: number of the frame since the start, offset in it, position deltas are counted from. */
  struct Place {
    uint64_t frame = 0;
    size_t offset = 0;
    uint64_t position = 0;
  };
  static constexpr uint32_t kNothing = 2166136261u, kFnvPrime = 16777619u;
  bool read(Place& place, Event& event) const;
  void refreshFront();
  void refreshDue();

  std::deque<std::shared_ptr<Frame>> frames_;
  uint64_t firstFrame_ = 0;
  Place next_, search_;
  Event front_{}, due_{};
  bool hasFront_ = false, hasDue_ = false, started_ = false, finished_ = false;
  uint64_t positionedLeft_ = 0, stopsLeft_ = 0, consumed_ = 0;
  /** Positions never go backwards, from frame to frame either. */
  uint64_t lastPosition_ = 0;
  bool ended_ = false;
  size_t bytesHeld_ = 0;
  uint32_t digest_ = kNothing;
};

}  // namespace decouple
