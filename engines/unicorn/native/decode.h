/** Lengths of IA-32 instructions, as far as cutting translations at page ends needs them. */
#pragma once

#include <cstddef>
#include <cstdint>

namespace decouple {

struct Instruction {
  /** 0 when the bytes given do not hold all of it. */
  unsigned length;
  /** First opcode byte after the prefixes, or 0x0f00 plus the second. */
  unsigned opcode;
  /** The byte after the opcode, if there is one. */
  unsigned modrm;
  /** Transfers control, or ends a translation for another reason. */
  bool endsBlock;
  /** A string instruction with a REP prefix. */
  bool repeated;
  /** Address size: 4 or 2 bytes; a repeated instruction counts in ECX or CX. */
  unsigned addressSize;
  unsigned operandSize;
  /** Segment register named by a prefix (ES, CS, SS, DS, FS, GS: 0 to 5), or -1. */
  int segmentPrefix;
  /** Has a ModR/M operand in memory, and whether its base is ESP or EBP. */
  bool memory;
  bool onStack;
};

/** Decodes what stands at `bytes`; never reads past `available`. `code32`: the code segment's D bit. */
Instruction decodeInstruction(const uint8_t* bytes, size_t available, bool code32);

/** An instruction that the engine would run otherwise than the machine does: its opcode byte. */
struct Replaced {
  uint32_t offset;
  /** Two bytes, 0F and another. */
  bool wide;
};

/** What may be translated as one block. */
struct BlockExtent {
  unsigned instructions;
  static constexpr unsigned kMostReplaced = 16;
  Replaced replaced[kMostReplaced];
  unsigned replacedCount;
};

/**
 * Counts the instructions at `bytes` that end within `available` bytes, up to the first one that ends a block (then all
 * of `most` may be asked for), and notes those to be replaced among them.
 */
BlockExtent scanBlock(const uint8_t* bytes, size_t available, bool code32, unsigned most);

/**
 * PUSH of a segment register, 32 bits wide: the machine, like most processors, writes the selector's two bytes and
 * leaves the two above alone; the engine writes four.
 */
bool isPushSegment(const Instruction& instruction);
/** Reads memory and writes the result back to the same place: its page faults are those of a write. */
bool isReadModifyWrite(const Instruction& instruction);
/** Bit n: the instruction accesses memory through segment register n, other than by pushing and popping. */
unsigned segmentsUsed(const Instruction& instruction);
/** CMPS or SCAS with a REP prefix. */
bool isRepeatedCompare(const Instruction& instruction);
/** LAHF, which reads undefined flags and must take the machine's. */
bool isLoadFlags(const Instruction& instruction);

}  // namespace decouple
