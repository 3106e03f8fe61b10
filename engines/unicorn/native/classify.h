/** What kind of instruction one is, where the engine and the machine treat kinds differently. */
#pragma once

#include "decode.h"

namespace decouple {

/**
 * PUSH of a segment register, 32 bits wide: the machine, like most processors, writes the selector's two bytes and
 * leaves the two above alone; the engine writes four.
 */
bool isPushSegment(const Instruction& instruction);
/** MOVS or STOS with a REP prefix: run in one go, where the engine would enter a block for each element. */
bool isBulkString(const Instruction& instruction);
/** Reads memory and writes the result back to the same place: its page faults are those of a write. */
bool isReadModifyWrite(const Instruction& instruction);
/** Accesses memory at several places, or far apart, of which one may fault when others were accessed. */
bool accessesInParts(const Instruction& instruction);
/** Accesses more than four bytes, which the engine does in pieces. */
bool accessesManyBytes(const Instruction& instruction);
/** ICEBP: the machine says what comes of it. */
bool isBreakpointTrap(const Instruction& instruction);
/** SMSW to a register of 32 bits. */
bool storesMachineStatus(const Instruction& instruction);
/** CMPS or SCAS with a REP prefix. */
bool isRepeatedCompare(const Instruction& instruction);
/** BT, BTS, BTR and BTC, which change CF alone. */
bool isBitTest(const Instruction& instruction);
/** One by a register, with addresses of 16 bits: what it accesses may lie beyond those. */
bool isFarBitTest(const Instruction& instruction);
/** POPCNT in a segment of 16 bits, where the library takes the other size of operands. */
bool isCountOfOtherSize(const uint8_t* bytes, const Instruction& instruction);
/** RET and RETF that drop parameters. */
bool isReturn(const Instruction& instruction);
/** BSWAP of 16 bits, which the manual leaves open: the machine swaps all 32. */
bool isSwapOfHalf(const Instruction& instruction);
/** A conversion of 8 bytes of memory, of which the library reads 16, or PUNPCKLBW and its kin, with 4 and 8. */
bool loadsHalf(const uint8_t* bytes, const Instruction& instruction);
/** LAHF, for which the relog has an event. */
bool isLoadFlags(const Instruction& instruction);

}  // namespace decouple
