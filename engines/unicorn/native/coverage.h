/**
 * How often each block of code ran to its end, by address space. A block that was left in its middle counts what
 * retired, as the shorter block it was; a REP instruction counts once. Taken out, blocks are cut to runs of
 * instructions that ran equally often, so that nothing depends on how the engine happened to translate, nor on where
 * a run was stopped and resumed.
 */
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace decouple {

/** The counter of one piece of code in one address space. */
struct BlockCount {
  uint64_t executions = 0;
};

/** What was counted, sorted by address space, address and code. One entry a run of instructions. */
struct CoverageBatch {
  std::vector<uint32_t> space;
  std::vector<uint32_t> address;
  std::vector<uint32_t> size;
  std::vector<uint32_t> instructions;
  std::vector<double> executions;
  /** FNV-1a over the code bytes. */
  std::vector<uint64_t> hash;
  /** Lengths of all instructions and all code bytes, run after run. */
  std::vector<uint8_t> lengths;
  std::vector<uint8_t> code;
};

class Coverage {
 public:
  /** A number for `code` at a linear address; the same for the same code. Never 0. */
  uint32_t enter(uint32_t address, const uint8_t* code, size_t size, const uint8_t* lengths, size_t instructions);
  /** The code's first `instructions` instructions, as code of its own. */
  uint32_t prefix(uint32_t code, unsigned instructions);
  /** The instruction after the first `instructions`, as code of its own. */
  uint32_t single(uint32_t code, unsigned index);
  /** A small number for an address space; never 0. */
  uint32_t spaceOf(uint32_t pageTable);
  BlockCount* counter(uint32_t space, uint32_t code);
  /** Everything counted since the last call. Counters stay valid and begin at 0 again. */
  CoverageBatch take();

 private:
  struct Code {
    uint32_t address;
    uint32_t firstByte, size;
    uint32_t firstLength, instructions;
    uint64_t hash;
  };
  uint32_t part(uint32_t code, unsigned first, unsigned count);

  std::vector<Code> codes_;
  std::vector<uint8_t> bytes_, lengths_;
  std::unordered_multimap<uint64_t, uint32_t> byHash_;
  std::vector<uint32_t> spaces_;
  std::unordered_map<uint32_t, uint32_t> bySpace_;
  std::unordered_map<uint64_t, std::unique_ptr<BlockCount>> counters_;
};

}  // namespace decouple
