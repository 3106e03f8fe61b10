/**
 * x87 instructions run by the host's own FPU, so that results, flags and condition codes are a processor's. Host code
 * runs with the control word 37Fh and an empty stack, and finds both again.
 */
#pragma once

#include <cstdint>

#if !defined(__x86_64__)
#error "The simulator computes with the host's own FPU: it can be built for x86-64 only."
#endif

namespace decouple {

/** An instruction followed by a return. Its operand in memory is what RDI points to. */
using X87Code = const uint8_t*;

/** D8+escape modrm, for operands in registers. It must be a valid one. */
X87Code x87RegisterCode(unsigned escape, unsigned modrm);
/** D8+escape /operation with an operand in memory. */
X87Code x87MemoryCode(unsigned escape, unsigned operation);

constexpr uint16_t kHostX87Control = 0x37f;

extern "C" {
// Each returns the status word. `operand` may be null for code that has none in memory.
/** ST0 is `from`; stores the new ST0. */
uint16_t x87_host_unary(const void* operand, const void* from, X87Code code, void* result);
/** ST1 and ST0 are given; stores the new ST0. */
uint16_t x87_host_binary(const void* st1, const void* st0, X87Code code, void* result);
/** The same; stores the new ST1. */
uint16_t x87_host_reverse(const void* st1, const void* st0, X87Code code, void* result);
/** Pushes one value, which it stores. */
uint16_t x87_host_push(const void* operand, const void* unused, X87Code code, void* result);
/** ST0 is `from`, and is popped; what else the code does it does to its operand. */
uint16_t x87_host_pop(void* operand, const void* from, X87Code code);
/** Compares ST0 with ST1 and returns the status word; EFLAGS go to `flags`. */
uint16_t x87_host_compare(const void* st1, const void* st0, X87Code code, uint32_t* flags);
/** Runs with the whole state as FRSTOR loads it; it is replaced by what FNSAVE stores. Takes and returns status flags.
 */
uint32_t x87_host_whole(void* operand, void* image, X87Code code, uint32_t flags);
}

inline void loadHostX87Control(uint16_t control) { asm volatile("fldcw %0" : : "m"(control)); }
inline void clearHostX87Exceptions() { asm volatile("fnclex"); }

}  // namespace decouple
