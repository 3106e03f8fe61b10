#include <cinttypes>
#include <cstdio>

#include "events.h"

namespace decouple {

const char* kindName(Kind kind) {
  switch (kind) {
    case Kind::kPortRead:
      return "port-read";
    case Kind::kMmioRead:
      return "mmio-read";
    case Kind::kTsc:
      return "tsc";
    case Kind::kCpuid:
      return "cpuid";
    case Kind::kMsr:
      return "msr";
    case Kind::kRandom:
      return "random";
    case Kind::kFlagsImage:
      return "flags-image";
    case Kind::kX87:
      return "x87";
    case Kind::kX87Environment:
      return "x87-environment";
    case Kind::kX87Status:
      return "x87-status";
    case Kind::kSseApproximation:
      return "sse-approximation";
    case Kind::kInterrupt:
      return "interrupt";
    case Kind::kException:
      return "exception";
    case Kind::kSoftwareInterrupt:
      return "software-interrupt";
    case Kind::kDma:
      return "dma";
    case Kind::kKeyframeMark:
      return "keyframe-mark";
    case Kind::kEnd:
      return "end";
    case Kind::kCheck:
      return "check";
    case Kind::kState:
      return "state";
    case Kind::kEffect:
      return "effect";
  }
  return "unknown";
}

namespace {

/** Appends to a text of fixed size; what does not fit is left out. */
class Line {
 public:
  Line(char* out, size_t size) : out_(out), left_(size) {
    if (left_ > 0) *out_ = 0;
  }
  template <typename... Values>
  void add(const char* format, Values... values) {
    if (left_ == 0) return;
    const int written = std::snprintf(out_, left_, format, values...);
    if (written < 0) return;
    const size_t used = static_cast<size_t>(written) < left_ ? static_cast<size_t>(written) : left_ - 1;
    out_ += used;
    left_ -= used;
  }
  void optional(const char* name, const Optional32& field) {
    if (field.present) add(" %s=%" PRIx32, name, field.value);
  }

 private:
  char* out_;
  size_t left_;
};

}  // namespace

void describe(const Event& e, char* out, size_t size) {
  Line line(out, size);
  if (e.positioned()) line.add("%" PRIu64 " ", e.position);
  line.add("%s", kindName(e.kind));
  switch (e.kind) {
    case Kind::kPortRead:
      line.add(" port=%x size=%u value=%" PRIx64, e.number, e.size, e.value);
      break;
    case Kind::kMmioRead:
      line.add(" address=%" PRIx32 " size=%u value=%" PRIx64, e.address, e.size, e.value);
      break;
    case Kind::kTsc:
    case Kind::kRandom:
      line.add(" value=%" PRIx64, e.value);
      break;
    case Kind::kCpuid:
      line.add(" leaf=%" PRIx32 " subleaf=%" PRIx32, e.cpuid.leaf, e.cpuid.subleaf);
      break;
    case Kind::kMsr:
      line.add(" index=%" PRIx32 " value=%" PRIx64, e.address, e.value);
      break;
    case Kind::kFlagsImage:
      line.add(" eflags=%" PRIx32, e.eflags);
      break;
    case Kind::kX87:
    case Kind::kSseApproximation:
      line.add(" opcode=%x", e.number);
      break;
    case Kind::kX87Status:
      line.add(" fsw=%x", e.number);
      break;
    case Kind::kX87Environment:
      line.add(" fcw=%x fsw=%x ftw=%x", e.environment.control, e.environment.status, e.environment.tags);
      break;
    case Kind::kInterrupt:
    case Kind::kException:
    case Kind::kSoftwareInterrupt:
      line.add(" vector=%u eip=%" PRIx32 " eflags=%" PRIx32, e.vector, e.eip, e.eflags);
      line.optional("error", e.error);
      line.optional("cr2", e.cr2);
      break;
    case Kind::kDma:
      line.add(" address=%" PRIx32 " bytes=%zu", e.address, e.dma.size);
      break;
    case Kind::kKeyframeMark:
      line.add(" index=%" PRIu64, e.index);
      break;
    case Kind::kCheck:
      line.add(" eip=%" PRIx32 " eflags=%" PRIx32, e.eip, e.eflags);
      break;
    case Kind::kEffect:
      line.add(" eip=%" PRIx32 " code=", e.eip);
      for (size_t i = 0; i < e.effect.codeSize; ++i) line.add("%02x", e.effect.code[i]);
      break;
    case Kind::kEnd:
    case Kind::kState:
      break;
  }
  line.optional("rep", e.repeat);
}

}  // namespace decouple
