/** Lengths of IA-32 instructions, as far as cutting translations at page ends needs them. */
#pragma once

#include <cstddef>
#include <cstdint>

namespace decouple {

constexpr size_t kLongestInstruction = 15;

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
  /** Has a LOCK prefix. */
  bool locked;
  /** Segment register named by a prefix (ES, CS, SS, DS, FS, GS: 0 to 5), or -1. */
  int segmentPrefix;
  /** Has a ModR/M operand in memory, and whether its base is ESP or EBP. */
  bool memory;
  bool onStack;
};

/** Prefixes of an instruction that was decoded from these bytes. */
unsigned prefixBytes(const uint8_t* bytes, const Instruction& instruction);

/** The prefix that selects among instructions of one opcode (SDM vol. 2A, 2.1.1), as the engine chooses. */
enum Prefix { kNoPrefix, kOperandSize, kRepeat, kRepeatNot };
Prefix selectingPrefix(const uint8_t* bytes, unsigned count);

/** Decodes what stands at `bytes`; never reads past `available`. `code32`: the code segment's D bit. */
Instruction decodeInstruction(const uint8_t* bytes, size_t available, bool code32);

}  // namespace decouple
