#include "cursor.h"

#include <cstdio>

#include "cbor.h"
#include "decode.h"
#include "effect_writes.h"

namespace decouple {

namespace {

constexpr uint64_t kMax8 = 0xff, kMax16 = 0xffff, kMax32 = 0xffffffff, kMax64 = ~uint64_t{0};

/** Reads the items of one event's array; remembers the first failure. */
class Fields {
 public:
  explicit Fields(CborReader& reader) : reader_(reader) {}
  bool ok() const { return ok_; }
  void fail() { ok_ = false; }
  uint8_t u8() { return static_cast<uint8_t>(number(kMax8)); }
  uint16_t u16() { return static_cast<uint16_t>(number(kMax16)); }
  uint32_t u32() { return static_cast<uint32_t>(number(kMax32)); }
  uint64_t u64() { return number(kMax64); }
  Optional32 optional() {
    if (reader_.skipNull()) return {false, 0};
    return {true, u32()};
  }
  void bytes(uint8_t* out, size_t expected) {
    const uint8_t* data;
    size_t length;
    if (!reader_.readBytes(data, length) || length != expected) {
      ok_ = false;
      return;
    }
    std::memcpy(out, data, expected);
  }
  /** The bytes of one instruction. */
  void code(uint8_t (&out)[kLongestInstruction], size_t& length) {
    const uint8_t* data = nullptr;
    bytes(data, length);
    if (!ok_ || length == 0 || length > sizeof out) {
      ok_ = false;
      length = 0;
      return;
    }
    std::memcpy(out, data, length);
  }
  void bytes(const uint8_t*& data, size_t& length) { ok_ = reader_.readBytes(data, length) && ok_; }

 private:
  uint64_t number(uint64_t most) {
    uint64_t value = 0;
    if (!reader_.readUnsigned(most, value)) {
      ok_ = false;
      return 0;
    }
    return value;
  }
  CborReader& reader_;
  bool ok_ = true;
};

/** Items of the array of this kind of event, the kind included; 0 for a kind that does not exist. */
unsigned itemsOf(uint64_t kind) {
  switch (static_cast<Kind>(kind)) {
    case Kind::kPortRead:
    case Kind::kMmioRead:
      return 4;
    case Kind::kTsc:
    case Kind::kRandom:
    case Kind::kFlagsImage:
    case Kind::kX87Status:
      return 2;
    case Kind::kCpuid:
      return 7;
    case Kind::kMsr:
    case Kind::kSseApproximation:
    case Kind::kEnd:
    case Kind::kState:
      return 3;
    case Kind::kX87:
    case Kind::kSoftwareInterrupt:
    case Kind::kDma:
      return 5;
    case Kind::kX87Environment:
      return 10;
    case Kind::kInterrupt:
    case Kind::kEffect:
      return 6;
    case Kind::kException:
    case Kind::kCheck:
      return 7;
    case Kind::kKeyframeMark:
      return 4;
  }
  return 0;
}

/** What the width of a value allows. */
bool fits(uint64_t value, unsigned size) { return value >> (8 * size) == 0; }

void readSynchronous(Event& e, Fields& f) {
  switch (e.kind) {
    case Kind::kPortRead:
      e.number = f.u16();
      break;
    case Kind::kMmioRead:
      e.address = f.u32();
      break;
    case Kind::kTsc:
      e.value = f.u64();
      return;
    case Kind::kCpuid:
      e.cpuid = {f.u32(), f.u32(), f.u32(), f.u32(), f.u32(), f.u32()};
      return;
    case Kind::kMsr:
      e.address = f.u32();
      e.value = f.u64();
      return;
    case Kind::kRandom:
      e.value = f.u32();
      return;
    case Kind::kFlagsImage:
      e.eflags = f.u32();
      return;
    case Kind::kX87:
      e.number = f.u16();
      f.bytes(e.x87.st0, sizeof e.x87.st0);
      f.bytes(e.x87.st1, sizeof e.x87.st1);
      e.x87.status = f.u16();
      return;
    case Kind::kX87Environment:
      e.environment.control = f.u16();
      e.environment.status = f.u16();
      e.environment.tags = f.u16();
      e.environment.opcode = f.u16();
      e.environment.codeOffset = f.u32();
      e.environment.codeSelector = f.u16();
      e.environment.dataOffset = f.u32();
      e.environment.dataSelector = f.u16();
      e.environment.mask = f.u32();
      return;
    case Kind::kX87Status:
      e.number = f.u16();
      return;
    case Kind::kSseApproximation:
      e.number = f.u16();
      f.bytes(e.xmm, sizeof e.xmm);
      return;
    default:
      break;
  }
  // The rest of a port read and an MMIO read.
  e.size = f.u8();
  e.value = f.u32();
  if ((e.size != 1 && e.size != 2 && e.size != 4) || !fits(e.value, e.size)) f.fail();
}

void readPositioned(Event& e, Fields& f) {
  switch (e.kind) {
    case Kind::kInterrupt:
      e.vector = f.u8();
      e.eip = f.u32();
      e.eflags = f.u32();
      e.repeat = f.optional();
      break;
    case Kind::kException:
      e.vector = f.u8();
      e.eip = f.u32();
      e.eflags = f.u32();
      e.error = f.optional();
      e.cr2 = f.optional();
      break;
    case Kind::kSoftwareInterrupt:
      e.vector = f.u8();
      e.eip = f.u32();
      e.eflags = f.u32();
      break;
    case Kind::kDma:
      e.address = f.u32();
      f.bytes(e.dma.data, e.dma.size);
      e.repeat = f.optional();
      break;
    case Kind::kKeyframeMark:
      e.index = f.u64();
      e.repeat = f.optional();
      break;
    case Kind::kEnd:
      e.repeat = f.optional();
      break;
    case Kind::kState:
      f.bytes(e.dma.data, e.dma.size);
      break;
    case Kind::kEffect:
      e.eip = f.u32();
      f.code(e.effect.code, e.effect.codeSize);
      f.bytes(e.effect.after, e.effect.afterSize);
      f.bytes(e.effect.writes, e.effect.writesSize);
      break;
    default:
      break;
  }
}

bool readCheck(Event& e, CborReader& reader, Fields& f) {
  e.eip = f.u32();
  e.eflags = f.u32();
  uint64_t registers;
  if (!reader.readArray(registers) || registers != 8) return false;
  for (uint32_t& value : e.gpr) value = f.u32();
  e.repeat = f.optional();
  e.digest = f.u32();
  return true;
}

/** Reads one event and moves `position` on by its delta. False for anything the format does not allow. */
bool readEvent(CborReader& reader, uint64_t& position, Event& e) {
  uint64_t items, kind;
  if (!reader.readArray(items) || !reader.readUnsigned(kMax8, kind) || itemsOf(kind) == 0 || itemsOf(kind) != items) {
    return false;
  }
  e = Event{};
  e.kind = static_cast<Kind>(kind);
  Fields fields(reader);
  if (!e.positioned()) {
    readSynchronous(e, fields);
    return fields.ok();
  }
  const uint64_t delta = fields.u64();
  if (delta > kMax64 - position) return false;
  position += delta;
  e.position = position;
  if (e.kind == Kind::kCheck) return readCheck(e, reader, fields) && fields.ok();
  readPositioned(e, fields);
  return fields.ok();
}

}  // namespace

bool Cursor::feed(const uint8_t* bytes, size_t size, const AddressRange& ram, std::string& why) {
  CborReader reader(bytes, size);
  auto frame = std::make_shared<Frame>();
  if (ended_) {
    why = "events follow the end event";
    return false;
  }
  if (!reader.readUnsigned(kMax64, frame->basePosition)) {
    why = "an events frame does not begin with a position";
    return false;
  }
  if (started_ && frame->basePosition < lastPosition_) {
    why = "an events frame begins before the last one ended";
    return false;
  }
  frame->firstEvent = reader.offset();
  uint64_t position = frame->basePosition, positioned = 0, stops = 0;
  bool ended = false;
  while (!reader.atEnd()) {
    const size_t at = reader.offset();
    Event event;
    if (ended || !readEvent(reader, position, event)) {
      why = "no valid event at byte " + std::to_string(at) + " of an events frame";
      return false;
    }
    if (event.kind == Kind::kDma && !ram.contains(event.address, event.dma.size)) {
      why = "a dma event at byte " + std::to_string(at) + " of an events frame writes outside RAM";
      return false;
    }
    if (event.kind == Kind::kEffect && !writesAreIn(event, ram)) {
      why =
          "an effect event at byte " + std::to_string(at) + " of an events frame writes outside RAM, or says no writes";
      return false;
    }
    if (event.positioned()) ++positioned;
    if (event.stops()) ++stops;
    if (event.kind == Kind::kEnd) ended = true;
  }
  frame->bytes.assign(bytes, bytes + size);
  frames_.push_back(frame);
  bytesHeld_ += size;
  positionedLeft_ += positioned;
  stopsLeft_ += stops;
  lastPosition_ = position;
  ended_ = ended;
  started_ = true;
  refreshFront();
  refreshDue();
  return true;
}

void Cursor::clear() {
  const uint64_t consumed = consumed_;
  *this = Cursor();
  consumed_ = consumed;
}

bool Cursor::read(Place& place, Event& event) const {
  for (;;) {
    if (place.frame < firstFrame_ || place.frame >= firstFrame_ + frames_.size()) return false;
    const Frame& frame = *frames_[place.frame - firstFrame_];
    if (place.offset == 0) {
      place.offset = frame.firstEvent;
      place.position = frame.basePosition;
    }
    if (place.offset < frame.bytes.size()) {
      CborReader reader(frame.bytes.data(), frame.bytes.size(), place.offset);
      const bool ok = readEvent(reader, place.position, event);
      event.encoded = frame.bytes.data() + place.offset;
      event.encodedSize = reader.offset() - place.offset;
      place.offset = reader.offset();
      return ok;
    }
    // Every event of this frame is read. The frame after it may not have been fed yet.
    if (place.frame + 1 == firstFrame_ + frames_.size()) return false;
    place = Place{place.frame + 1, 0, 0};
  }
}

void Cursor::refreshFront() {
  if (!hasFront_) hasFront_ = read(next_, front_);
  while (!frames_.empty() && firstFrame_ < next_.frame && firstFrame_ < search_.frame) {
    bytesHeld_ -= frames_.front()->bytes.size();
    frames_.pop_front();
    ++firstFrame_;
  }
}

void Cursor::refreshDue() {
  while (!hasDue_) {
    if (!read(search_, due_)) return;
    hasDue_ = due_.positioned();
  }
}

void Cursor::pop() {
  if (!hasFront_) return;
  ++consumed_;
  if (front_.kind == Kind::kCheck || front_.kind == Kind::kKeyframeMark) {
    digest_ = kNothing;
  } else {
    for (size_t i = 0; i < front_.encodedSize; ++i) digest_ = (digest_ ^ front_.encoded[i]) * kFnvPrime;
  }
  if (front_.positioned()) {
    --positionedLeft_;
    if (front_.stops()) --stopsLeft_;
    hasDue_ = false;
  }
  hasFront_ = false;
  refreshDue();
  refreshFront();
}

std::vector<Event> Cursor::ahead(size_t count) const {
  std::vector<Event> events;
  if (!hasFront_ || count == 0) return events;
  events.push_back(front_);
  Place place = next_;
  Event event;
  while (events.size() < count && read(place, event)) events.push_back(event);
  return events;
}

}  // namespace decouple
