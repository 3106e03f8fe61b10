/** The events of a relog (docs/formats/relog.md), decoded. */
#pragma once

#include <cstddef>
#include <cstdint>

namespace decouple {

enum class Kind : uint8_t {
  kPortRead = 1,
  kMmioRead = 2,
  kTsc = 3,
  kCpuid = 4,
  kMsr = 5,
  kRandom = 6,
  kFlagsImage = 7,
  kX87 = 8,
  kX87Environment = 9,
  kX87Status = 10,
  kSseApproximation = 11,
  kInterrupt = 16,
  kException = 17,
  kSoftwareInterrupt = 18,
  kDma = 19,
  kKeyframeMark = 20,
  kEnd = 21,
  kCheck = 22,
  kState = 23,
  kEffect = 24,
};

/** A field that may be null. */
struct Optional32 {
  bool present;
  uint32_t value;
};

/** One event; which members mean something depends on `kind`. Holds no memory of its own: `data` points into the feed.
 */
struct Event {
  Kind kind;
  /** Width in bytes of a port or MMIO read. */
  uint8_t size;
  uint8_t vector;
  /** Port, opcode of an x87 or SSE instruction, or status word. */
  uint16_t number;
  /** Physical address (MMIO, DMA) or index of an MSR. */
  uint32_t address;
  uint64_t value;
  uint32_t eip;
  uint32_t eflags;
  Optional32 error;
  Optional32 cr2;
  Optional32 repeat;
  /** Positioned events alone. */
  uint64_t position;
  /** Of a keyframe mark. */
  uint64_t index;
  /** Of a check: what `Cursor::digest` must be before it. */
  uint32_t digest;
  /** The event's own bytes; they point into the feed. */
  const uint8_t* encoded;
  size_t encodedSize;
  union {
    uint32_t gpr[8];
    struct {
      uint32_t leaf, subleaf, eax, ebx, ecx, edx;
    } cpuid;
    struct {
      uint8_t st0[10], st1[10];
      uint16_t status;
    } x87;
    struct {
      uint16_t control, status, tags, opcode, codeSelector, dataSelector;
      uint32_t codeOffset, dataOffset, mask;
    } environment;
    uint8_t xmm[16];
    /** What DMA writes, or an encoded CPU state. */
    struct {
      const uint8_t* data;
      size_t size;
    } dma;
    /** Of an effect: the instruction's code, the registers after it and what it wrote, both encoded. */
    struct {
      uint8_t code[15];
      const uint8_t* after;
      const uint8_t* writes;
      size_t codeSize, afterSize, writesSize;
    } effect;
  };

  /** Happens at a position; the others are taken by the instruction that asks. */
  bool positioned() const { return static_cast<uint8_t>(kind) >= 16; }
  /** Comes from outside the instruction stream, so that the position alone says when. */
  bool asynchronous() const { return positioned() && kind != Kind::kException && kind != Kind::kSoftwareInterrupt; }
  /** Ends a run of the simulator when it is reached. */
  bool stops() const {
    return kind == Kind::kKeyframeMark || kind == Kind::kEnd || kind == Kind::kState || kind == Kind::kEffect;
  }
};

/** The event's name in the format's description. */
const char* kindName(Kind kind);

/** The event as one line of text; always ends the text in `out`. */
void describe(const Event& event, char* out, size_t size);

}  // namespace decouple
