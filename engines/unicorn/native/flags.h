/** EFLAGS as a whole, and which of its bits mean nothing after the last instruction that set them. */
#pragma once

#include <cstdint>

#include "abi.h"
#include "decode.h"

namespace decouple {

/** All of EFLAGS, with the lazily kept bits worked out. */
uint32_t readFlags(Env env);

/** Replaces the status flags (CF, PF, AF, ZF, SF, OF); the others stay. */
void writeStatusFlags(Env env, uint32_t eflags);

/** Replaces all of EFLAGS. */
void writeFlags(Env env, uint32_t eflags);

/** Rows of the table of forgiven differences (engines/unicorn/forgiven.ts), as far as the native side counts them. */
enum ForgivenRow {
  kForgivenLogicAdjust,
  kForgivenShift,
  kForgivenMultiply,
  kForgivenBitField,
  kForgivenDivide,
  kForgivenRotate,
  kForgivenX87Result,
  kForgivenX87Status,
  kForgivenSseApproximation,
  kForgivenRepeatFlags,
  kForgivenX87Exceptions,
  kForgivenRows,
};

const char* forgivenName(int row);

struct UndefinedFlags {
  uint32_t mask;
  ForgivenRow row;
};

/** The bits of EFLAGS that an instruction leaves undefined (SDM vol. 1, appendix A), from how the engine keeps them. */
UndefinedFlags undefinedFlags(Env env);
/** The same from the instruction itself, for those the engine's way of keeping flags does not tell apart; else none. */
UndefinedFlags undefinedAfter(const Instruction& instruction);
/** The same for all instructions, where how the engine keeps the flags is lost. */
UndefinedFlags undefinedByOpcode(const Instruction& instruction);
/** The status flags that an instruction sets or leaves undefined. */
uint32_t flagsWritten(const Instruction& instruction);

}  // namespace decouple
