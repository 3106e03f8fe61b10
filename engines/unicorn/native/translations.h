/** What is known of every piece of generated code: how many instructions it holds, and where each begins. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "abi.h"

namespace decouple {

class Simulator;
struct BlockCount;
struct SpoiledForm;

/** Where an instruction is in generated code, and what the translator knew of the flags before it (LazyFlags). */
struct InstructionPlace {
  uintptr_t hostStart, hostEnd;
  int lazyKind;
};

/**
 * One translation of a straight run of guest code. The engine may hold several for the same address (after STI, in
 * another mode, when the code changed), each with its own record; the generated code passes the record to the block
 * hook, so that nothing has to be looked up.
 */
struct alignas(64) Translation {
  /** Counters of the block for the address space `space`; null when not counting. */
  BlockCount* visits;
  uint32_t space;
  /** Instructions in it. */
  uint16_t instructions;
  /** The same without a REP string instruction at its end that the engine runs: it retires with its last iteration. */
  uint16_t counted;
  bool endsInRepeat;
  /** One instruction a translation, because the trap flag is set. */
  bool singleStep;
  /** Of a 32-bit code segment. */
  bool code32;
  uint16_t size;
  /** Linear addresses, of the first and last instruction and of the code segment. */
  uint32_t address;
  uint32_t lastAddress;
  uint32_t codeBase;
  /** The last instruction's code in the coverage tables; 0 for none. */
  uint32_t repeatCode;
  /** Where the engine keeps the beginning of each instruction, as deltas. */
  const uint8_t* offsets;
  /** Its code in the coverage tables (0: not counting), and without the REP instruction. */
  uint32_t code, countedCode;

  /** The form that is to be looked at before this one instruction runs, or 0; and how it is made wrong, or null. */
  uint64_t form;
  const SpoiledForm* spoiled;

  /** Its generated code. */
  const uint8_t* hostCode;

  InstructionPlace placeOf(uint32_t linear) const;
  /** How many of its instructions begin before this linear address. */
  unsigned startingBefore(uint32_t linear) const;
};

/**
 * What the generated code passes to the block hook: the record, and with it what the hook must know at once, so that
 * it need not wait for memory. It is a constant in the generated code; while a block is translated the number of its
 * instructions is not known yet, and it is filled in afterwards.
 */
class BlockTag {
 public:
  explicit BlockTag(void* passed) : bits_(reinterpret_cast<uint64_t>(passed)) {}
  /** Before the number of instructions is known. */
  explicit BlockTag(const Translation* record) : bits_(reinterpret_cast<uint64_t>(record) << kRecordShift) {}

  Translation* record() const { return reinterpret_cast<Translation*>(bits_ >> kRecordShift); }
  /** 0 when not filled in; the record has it. */
  unsigned instructions() const { return static_cast<unsigned>(bits_ & kInstructions); }
  bool endsInRepeat() const { return (bits_ & kEndsInRepeat) != 0; }
  void* passed() const { return reinterpret_cast<void*>(bits_); }
  /** Fills in the tag in the generated code of its block. */
  void complete(const TranslatedBlock& block) const;

 private:
  static constexpr int kRecordShift = 16;
  static constexpr uint64_t kInstructions = 0x3fff, kEndsInRepeat = 0x8000;
  uint64_t bits_;
};

/** Offsets of the instructions in a block, from the engine's own table behind the generated code. */
class InstructionOffsets {
 public:
  explicit InstructionOffsets(const uint8_t* table, uint64_t address) : at_(table), previous_(address) {}
  /** Linear address of the next instruction. Must not be called more often than there are instructions. */
  uint64_t next();
  /** Of the instruction that `next` was called for last: how flags are kept before it, and the size of host code up to
   * its end. */
  int lazyKind() const { return static_cast<int>(lazyKind_); }
  uint64_t hostEnd() const { return hostEnd_; }

 private:
  int64_t readDelta();
  const uint8_t* at_;
  uint64_t previous_, lazyKind_ = 0, hostEnd_ = 0;
};

/** Owner of the records. They live until the engine drops all generated code at once. */
class Translations {
 public:
  /** The record for the translation that begins now; the same one until `commit`. */
  Translation* upcoming();
  void commit() { ++used_; }
  void clear() { used_ = 0; }
  size_t count() const { return used_; }

 private:
  static constexpr size_t kChunk = 4096;
  std::vector<std::unique_ptr<Translation[]>> chunks_;
  size_t used_ = 0;
};

/** Copies code bytes that were just translated. Returns how many; fewer than `size` where code is not in RAM. */
size_t readTranslatedCode(Env env, uint32_t linear, uint8_t* out, size_t size);

/** Fills in the record of a block that was just translated. `env`: to read its last instruction. */
void describeTranslation(const TranslatedBlock& block, Env env, Translation& record);

}  // namespace decouple
