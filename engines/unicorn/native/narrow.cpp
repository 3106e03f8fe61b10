/**
 * Instructions whose operands are of another size, or at another place, than the library takes: POPCNT and far bit
 * tests in code of 16 bits, always; and those that access less memory than the library would: the bit tests, of which
 * the machine accesses one byte, conversions of 8 bytes, for which the library reads 16, and the MMX instructions that
 * take 4 of 8. It matters only where another page begins behind: there the library raises a page fault, or marks a
 * page, that the machine does not. The instruction is then translated anew, as a call of what stands here.
 */
#include <cstring>

#include "classify.h"
#include "flags.h"
#include "guest_memory.h"
#include "simulator.h"
#include "sse.h"

extern "C" void tb_flush_x86_64(void* cpu);

namespace decouple {

namespace {

/** More places than any guest has, unless it is made to have them: then the list begins anew. */
constexpr size_t kMostPlaces = 65536;

uint32_t linearOf(Env env, const MemoryOperand& operand) {
  return static_cast<uint32_t>(env.segment(operand.segment).base() + offsetOf(env, operand));
}

/** The byte, relative to the operand, that a bit is in; the bit is that of the byte. */
struct Bit {
  uint32_t byte;
  unsigned bit;
};

Bit bitOf(Env env, const ReplacedInstruction& test) {
  constexpr unsigned kByImmediate = 0x0fba;
  const bool wide = test.instruction.operandSize == 4;
  int32_t offset = test.immediate & (wide ? 31 : 15);
  if (test.instruction.opcode != kByImmediate) {
    const uint32_t value = env.gpr32(test.instruction.modrm >> 3 & 7);
    offset = wide ? static_cast<int32_t>(value) : static_cast<int16_t>(value);
  }
  return {static_cast<uint32_t>(offset >> 3), static_cast<unsigned>(offset & 7)};
}

/** BT, BTS, BTR, BTC: 0 to 3. */
unsigned operationOf(const Instruction& test) {
  return (test.opcode == 0x0fba ? test.modrm >> 3 : test.opcode >> 3) & 3;
}

__m128i convert(unsigned opcode, __m128i value, uint32_t& status) {
  __m128i result;
  switch (opcode) {
    case 0x0f2c:
      asm volatile("cvttps2dq %2, %0\n\tstmxcsr %1" : "=x"(result), "=m"(status) : "x"(value));
      return result;
    case 0x0f2d:
      asm volatile("cvtps2dq %2, %0\n\tstmxcsr %1" : "=x"(result), "=m"(status) : "x"(value));
      return result;
    case 0x0f5a:
      asm volatile("cvtps2pd %2, %0\n\tstmxcsr %1" : "=x"(result), "=m"(status) : "x"(value));
      return result;
    default:
      asm volatile("cvtdq2pd %2, %0\n\tstmxcsr %1" : "=x"(result), "=m"(status) : "x"(value));
      return result;
  }
}

/** What an MMX or SSE instruction asks for before it runs (SDM vol. 3A, 12.1 and 13.1). */
void checkRuns(Env env, uintptr_t from) {
  constexpr int kInvalidOpcode = 6, kNoDevice = 7;
  constexpr uint64_t kEmulation = 4, kTaskSwitched = 8;
  if ((env.cr(0) & kEmulation) != 0) raise_exception_err_ra_x86_64(env.raw(), kInvalidOpcode, 0, from);
  if ((env.cr(0) & kTaskSwitched) != 0) raise_exception_err_ra_x86_64(env.raw(), kNoDevice, 0, from);
}

}  // namespace

/** Whether the instruction here accesses less memory in the machine than in the library, and is not known to. */
bool Simulator::accessesLess() const {
  uint8_t bytes[kLongestInstruction];
  const uint32_t linear = linearEip();
  const size_t size = readCode(linear, bytes, sizeof bytes);
  const Instruction here = decodeInstruction(bytes, size, (engine_.env().context() & kContextCode32) != 0);
  if (here.length == 0 || narrow_.count(linear) != 0) return false;
  return replacedKind(bytes, here, true) != replacedKind(bytes, here, false);
}

void Simulator::makeNarrow() {
  if (narrow_.size() == kMostPlaces) narrow_.clear();
  narrow_.insert(linearEip());
  engine_.env().cr(2) = cr2Before_;
  // It was not raised: the next one is no double fault.
  engine_.env().exceptionInFlight() = -1;
  tb_flush_x86_64(engine_.cpu().raw());
}

/** At a page fault that the machine does not have: whether it was for bytes that the machine does not access. */
bool Simulator::retryNarrowly() {
  if (!accessesLess()) return false;
  makeNarrow();
  return true;
}

/** A page is about to be looked up, and so marked, at its border: not for bytes that the machine does not access. */
void Simulator::readNarrowly(uintptr_t from) {
  settle(from);
  if (!accessesLess()) return;
  if (trial_.running()) {
    makeNarrow();
    tryAgain();
  }
  beforeJumpOut();
  makeNarrow();
  jumpOut();
}

void Simulator::testBitNarrowly(const ReplacedInstruction& test, uintptr_t from) {
  enum { kTest, kSet, kReset };
  const Env env = engine_.env();
  const GuestMemory memory(env, from);
  const Bit bit = bitOf(env, test);
  const uint32_t linear = linearOf(env, test.operand) + bit.byte;
  const unsigned operation = operationOf(test.instruction);
  uint8_t byte;
  if (operation != kTest) memory.touch(linear, sizeof byte, kAccessStore);
  memory.load(linear, &byte, sizeof byte);
  const bool was = (byte >> bit.bit & 1) != 0;
  const uint32_t flags = (readFlags(env) & kStatusFlags & ~uint32_t{kCarry}) | (was ? uint32_t{kCarry} : 0);
  if (operation != kTest) {
    const uint8_t mask = static_cast<uint8_t>(1u << bit.bit);
    byte = static_cast<uint8_t>(operation == kSet ? byte | mask : operation == kReset ? byte & ~mask : byte ^ mask);
    memory.store(linear, &byte, sizeof byte);
  }
  env.lazySource() = flags;
}

/** POPCNT. */
void Simulator::countBits(const ReplacedInstruction& count, uintptr_t from) {
  const Env env = engine_.env();
  const unsigned size = count.instruction.operandSize;
  const uint32_t mask = size == 4 ? 0xffffffff : 0xffff;
  uint32_t value = 0;
  if (count.instruction.memory) {
    GuestMemory(env, from).load(linearOf(env, count.operand), &value, size);
  } else {
    value = env.gpr32(count.instruction.modrm & 7) & mask;
  }
  uint64_t& to = env.gpr(count.instruction.modrm >> 3 & 7);
  to = (static_cast<uint32_t>(to) & ~mask) | static_cast<uint32_t>(__builtin_popcount(value));
  env.lazySource() = value == 0 ? uint32_t{kZero} : 0;
}

/** PUNPCKLBW, PUNPCKLWD, PUNPCKLDQ of MMX registers: from the lower halves. */
void Simulator::unpackNarrowly(const ReplacedInstruction& unpack, uintptr_t from) {
  const Env env = engine_.env();
  enterMmx(from);
  uint32_t half;
  GuestMemory(env, from).load(linearOf(env, unpack.operand), &half, sizeof half);
  uint8_t* to = env.x87Register(unpack.instruction.modrm >> 3 & 7);
  const __m128i first = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(to));
  const __m128i second = _mm_cvtsi32_si128(static_cast<int>(half));
  const unsigned opcode = unpack.instruction.opcode;
  _mm_storel_epi64(reinterpret_cast<__m128i*>(to), opcode == 0x0f60   ? _mm_unpacklo_epi8(first, second)
                                                   : opcode == 0x0f61 ? _mm_unpacklo_epi16(first, second)
                                                                      : _mm_unpacklo_epi32(first, second));
}

void Simulator::convertNarrowly(const ReplacedInstruction& conversion, uintptr_t from) {
  constexpr unsigned kHalf = 8;
  const Env env = engine_.env();
  const unsigned opcode = conversion.instruction.opcode, target = conversion.instruction.modrm >> 3 & 7;
  const bool toMmx = opcode == 0x0f2c || opcode == 0x0f2d;
  const bool unpacks = opcode >= 0x0f60 && opcode <= 0x0f62;
  checkRuns(env, from);
  if (unpacks) return unpackNarrowly(conversion, from);
  if (toMmx) enterMmx(from);
  uint64_t half;
  GuestMemory(env, from).load(linearOf(env, conversion.operand), &half, kHalf);
  __m128i result;
  runSse(env.raw(), from, [&] {
    uint32_t status;
    result = convert(opcode, _mm_cvtsi64_si128(static_cast<long long>(half)), status);
    return status;
  });
  if (!toMmx) {
    std::memcpy(env.xmm(static_cast<int>(target)), &result, sizeof result);
    return;
  }
  uint8_t* to = env.x87Register(target);
  _mm_storel_epi64(reinterpret_cast<__m128i*>(to), result);
  std::memset(to + kHalf, 0xff, 2);
}

}  // namespace decouple
