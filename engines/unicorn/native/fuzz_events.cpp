/**
 * Entry point of libFuzzer for what reads events frames (`npm run fuzz:native`); no part of the addon. An input is
 * frames one after another, each with its length in two bytes, little-endian, before it. Beside what sanitizers find,
 * what Cursor promises is checked: a frame that was accepted can be read to its end, and nothing of it is lost.
 */
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "cursor.h"
#include "effect_writes.h"
#include "ram.h"

namespace {

using namespace decouple;

void check(bool holds) {
  if (!holds) std::abort();
}

/** All of it is touched, and shown in lines of any length. */
void look(const Event& event) {
  char line[160];
  for (const size_t size : {sizeof line, size_t{1}, size_t{24}}) {
    describe(event, line, size);
    check(std::memchr(line, 0, size) != nullptr);
  }
  describe(event, nullptr, 0);
  volatile uint8_t sum = 0;
  if (event.kind == Kind::kDma || event.kind == Kind::kState) {
    for (size_t i = 0; i < event.dma.size; ++i) sum = static_cast<uint8_t>(sum + event.dma.data[i]);
  }
  if (event.kind == Kind::kEffect) {
    check(forEachWrite(event, [&sum](uint32_t, const uint8_t* data, size_t size) {
      for (size_t i = 0; i < size; ++i) sum = static_cast<uint8_t>(sum + data[i]);
      return size > 0;
    }));
    for (size_t i = 0; i < event.effect.afterSize; ++i) sum = static_cast<uint8_t>(sum + event.effect.after[i]);
  }
  for (size_t i = 0; i < event.encodedSize; ++i) sum = static_cast<uint8_t>(sum + event.encoded[i]);
}

class Reading {
 public:
  /** As a run does: pops what is there up to `most` events. */
  void pop(size_t most) {
    for (; most > 0 && cursor_.front() != nullptr; --most) {
      const Event event = *cursor_.front();
      look(event);
      if (event.positioned()) {
        check(cursor_.due() != nullptr && cursor_.due()->position == event.position && event.position >= position_);
        position_ = event.position;
      }
      const uint64_t left = cursor_.positionedLeft(), consumed = cursor_.consumed();
      cursor_.pop();
      check(cursor_.consumed() == consumed + 1 && cursor_.positionedLeft() == left - (event.positioned() ? 1 : 0));
    }
  }

  void feed(const uint8_t* bytes, size_t size) {
    std::string why;
    const size_t held = cursor_.bytesHeld();
    const bool taken = cursor_.feed(bytes, size, ram_, why);
    check(taken ? cursor_.bytesHeld() <= held + size : !why.empty() && cursor_.bytesHeld() == held);
    for (const Event& event : cursor_.ahead(3)) look(event);
  }

  void finish() {
    cursor_.finish();
    check(cursor_.complete());
    pop(SIZE_MAX);
    check(cursor_.front() == nullptr && cursor_.positionedLeft() == 0);
    cursor_.clear();
    check(cursor_.bytesHeld() == 0);
  }

 private:
  Cursor cursor_;
  /** The first frame of a run may begin anywhere; from there on, positions do not fall. */
  uint64_t position_ = 0;
  /** 1 MiB, and a page that ends where addresses do. */
  const Ram ram_{{{0, 1 << 20, nullptr, 0}, {0xfffff000, kPageSize, nullptr, 0}}};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  Reading reading;
  for (size_t at = 0; at + 2 <= size;) {
    const size_t said = bytes[at] | static_cast<size_t>(bytes[at + 1]) << 8;
    at += 2;
    const size_t length = said < size - at ? said : size - at;
    reading.feed(bytes + at, length);
    at += length;
    reading.pop(length % 5);
  }
  reading.finish();
  return 0;
}
