/** What an x87 instruction is, worked out once for each place that it is run from. */
#pragma once

#include <cstdint>

#include "operand.h"
#include "x87_host.h"

namespace decouple {

/** How an instruction is run. */
enum class X87Shape : uint8_t {
  kUndefined,
  // With results that are rounded.
  kUnary,    // ST0 from itself and an operand in memory, if any
  kBinary,   // ST0 from ST0 and another register
  kReverse,  // another register from itself and ST0
  kStore,    // ST0 to memory
  // The others.
  kCompare,          // ST0 with an operand in memory, or with 0
  kCompareRegister,  // ST0 with another register
  kPush,             // an operand in memory, or a constant
  kPushRegister,
  kStoreRegister,
  kExchange,
  kWhole,  // what is rare: with the whole state
  kConditionalMove,
  kCompareFlags,  // the results go to EFLAGS
  kLoadEnvironment,
  kLoadControl,
  kStoreEnvironment,
  kStoreControl,
  kRestore,
  kSave,
  kStoreStatus,
  kStoreStatusAx,
  kClearExceptions,
  kInitialize,
  kNothing,
};

/** In the order of use, and small: many are looked up. */
struct X87Instruction {
  X87Shape shape = X87Shape::kUndefined;
  /** Registers popped at the end. */
  uint8_t pops = 0;
  /** The other register, counted from ST0. */
  uint8_t other = 0;
  /** Bytes of the operand in memory; 0 for none. */
  uint8_t size = 0;
  /** C0 to C3 as far as it sets them. */
  uint16_t codes = 0;
  /** The two bytes of opcode without prefixes: D9E8h is FLD1. */
  uint16_t opcode = 0;
  /** For its shape; the operands may be other registers than it names. */
  X87Code code = nullptr;
  MemoryOperand operand{};
  /** Looks for exceptions of instructions before it. */
  bool waits : 1;
  /** Sets FIP, FCS and FOP, and with an operand in memory FDP and FDS. */
  bool keepsPointers : 1;
  /** With a LOCK prefix, which no such instruction may have. */
  bool locked : 1;
  /** 16-bit layout of environments. */
  bool narrow : 1;
  /** The machine tells its result when it is not the exact one, or always. */
  bool told : 1, toldAlways : 1;
  /** Loads or stores all 80 bits as they are. */
  bool moves80 : 1;
  /** Condition of a conditional move, as Jcc has it. */
  uint8_t condition = 0;
  /** As it stands, for the whole state. */
  X87Code whole = nullptr;

  /** FPREM1 or FPREM. */
  bool isRemainder() const { return opcode == 0xd9f5 || opcode == 0xd9f8; }

  X87Instruction()
      : waits(true),
        keepsPointers(true),
        locked(false),
        narrow(false),
        told(false),
        toldAlways(false),
        moves80(false) {}
};

/** Whether the opcode is that of an x87 instruction other than WAIT. */
inline bool isX87(const Instruction& instruction) { return instruction.opcode >= 0xd8 && instruction.opcode <= 0xdf; }

/** ST0 and ST1 before an instruction. */
struct X87Operands {
  uint8_t st0[10], st1[10];
};

X87Instruction decodeX87(const uint8_t* bytes, const Instruction& instruction);

}  // namespace decouple
