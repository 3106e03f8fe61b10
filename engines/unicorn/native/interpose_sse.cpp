/** SSE, SSE2 and SSE3 instructions that calculate with floating-point numbers. */
#include <cmath>
#include <cstring>

#include "abi.h"
#include "originals.h"
#include "simulator.h"
#include "sse.h"

using decouple::Env;
using decouple::loadSse;
using decouple::runSse;
using decouple::Simulator;
using decouple::storeSse;

/** An instruction whose operands are two XMM registers, the first of which is written as far as it says. */
#define SSE_OPERATION(name)                                                                        \
  REPLACES void helper_##name##_x86_64(void* env, void* to, void* from) {                          \
    __m128i value;                                                                                 \
    runSse(env, CALLER, [&] {                                                                      \
      uint32_t after;                                                                              \
      value = loadSse(to);                                                                         \
      asm volatile(#name " %2, %0\n\tstmxcsr %1" : "+x"(value), "=m"(after) : "x"(loadSse(from))); \
      return after;                                                                                \
    });                                                                                            \
    storeSse(to, value);                                                                           \
  }

#define SSE_FAMILY(name)  \
  SSE_OPERATION(name##ps) \
  SSE_OPERATION(name##pd) \
  SSE_OPERATION(name##ss) \
  SSE_OPERATION(name##sd)

SSE_FAMILY(add)
SSE_FAMILY(sub)
SSE_FAMILY(mul)
SSE_FAMILY(div)
SSE_FAMILY(min)
SSE_FAMILY(max)
SSE_FAMILY(sqrt)
SSE_FAMILY(cmpeq)
SSE_FAMILY(cmplt)
SSE_FAMILY(cmple)
SSE_FAMILY(cmpunord)
SSE_FAMILY(cmpneq)
SSE_FAMILY(cmpnlt)
SSE_FAMILY(cmpnle)
SSE_FAMILY(cmpord)

SSE_OPERATION(haddps)
SSE_OPERATION(haddpd)
SSE_OPERATION(hsubps)
SSE_OPERATION(hsubpd)
SSE_OPERATION(addsubps)
SSE_OPERATION(addsubpd)

SSE_OPERATION(cvtps2pd)
SSE_OPERATION(cvtpd2ps)
SSE_OPERATION(cvtss2sd)
SSE_OPERATION(cvtsd2ss)
SSE_OPERATION(cvtdq2ps)
SSE_OPERATION(cvtps2dq)
SSE_OPERATION(cvtpd2dq)
SSE_OPERATION(cvttps2dq)
SSE_OPERATION(cvttpd2dq)

/** A conversion to or from an MMX register: one between XMM registers, of 8 bytes. `source` reads it, `store` writes.
 */
#define SSE_MMX_CONVERSION(name, like, source, store)                                             \
  REPLACES void helper_##name##_x86_64(void* env, void* to, void* from) {                         \
    __m128i value;                                                                                \
    runSse(env, CALLER, [&] {                                                                     \
      uint32_t after;                                                                             \
      asm volatile(#like " %2, %0\n\tstmxcsr %1" : "=x"(value), "=m"(after) : "x"(source(from))); \
      return after;                                                                               \
    });                                                                                           \
    store(to, value);                                                                             \
  }

namespace {

__m128i loadLow(const void* from) { return _mm_loadl_epi64(static_cast<const __m128i*>(from)); }

void storeLow(void* to, __m128i value) { _mm_storel_epi64(static_cast<__m128i*>(to), value); }

/** To an MMX register: bits 64 to 79 of the x87 register that it is a part of become ones. */
void storeMmx(void* to, __m128i value) {
  storeLow(to, value);
  std::memset(static_cast<uint8_t*>(to) + 8, 0xff, 2);
}

}  // namespace

SSE_MMX_CONVERSION(cvtpi2ps, cvtdq2ps, loadLow, storeLow)
SSE_MMX_CONVERSION(cvtps2pi, cvtps2dq, loadLow, storeMmx)
SSE_MMX_CONVERSION(cvttps2pi, cvttps2dq, loadLow, storeMmx)
SSE_MMX_CONVERSION(cvtpd2pi, cvtpd2dq, loadSse, storeMmx)
SSE_MMX_CONVERSION(cvttpd2pi, cvttpd2dq, loadSse, storeMmx)

#define SSE_FROM_INTEGER(name)                                                            \
  REPLACES void helper_##name##_x86_64(void* env, void* to, uint32_t from) {              \
    __m128i value;                                                                        \
    runSse(env, CALLER, [&] {                                                             \
      uint32_t after;                                                                     \
      value = loadSse(to);                                                                \
      asm volatile(#name " %2, %0\n\tstmxcsr %1" : "+x"(value), "=m"(after) : "r"(from)); \
      return after;                                                                       \
    });                                                                                   \
    storeSse(to, value);                                                                  \
  }

SSE_FROM_INTEGER(cvtsi2ss)
SSE_FROM_INTEGER(cvtsi2sd)

#define SSE_TO_INTEGER(name)                                                                       \
  REPLACES int32_t helper_##name##_x86_64(void* env, void* from) {                                 \
    int32_t value;                                                                                 \
    runSse(env, CALLER, [&] {                                                                      \
      uint32_t after;                                                                              \
      asm volatile(#name " %2, %0\n\tstmxcsr %1" : "=r"(value), "=m"(after) : "x"(loadSse(from))); \
      return after;                                                                                \
    });                                                                                            \
    return value;                                                                                  \
  }

SSE_TO_INTEGER(cvtss2si)
SSE_TO_INTEGER(cvtsd2si)
SSE_TO_INTEGER(cvttss2si)
SSE_TO_INTEGER(cvttsd2si)

/** Sets ZF, PF and CF, and clears the other status flags. */
#define SSE_COMPARISON(name)                                                                                 \
  REPLACES void helper_##name##_x86_64(void* env, void* first, void* second) {                               \
    bool zero, parity, carry;                                                                                \
    runSse(env, CALLER, [&] {                                                                                \
      uint32_t after;                                                                                        \
      asm volatile(#name " %5, %4\n\tstmxcsr %3"                                                             \
                   : "=@ccz"(zero), "=@ccp"(parity), "=@ccc"(carry), "=m"(after)                             \
                   : "x"(loadSse(first)), "x"(loadSse(second)));                                             \
      return after;                                                                                          \
    });                                                                                                      \
    Env(env).lazySource() =                                                                                  \
        (zero ? decouple::kZero : 0u) | (parity ? decouple::kParity : 0u) | (carry ? decouple::kCarry : 0u); \
  }

SSE_COMPARISON(comiss)
SSE_COMPARISON(comisd)
SSE_COMPARISON(ucomiss)
SSE_COMPARISON(ucomisd)

namespace {

/** 1/x and 1/sqrt(x) with every step rounded to nearest in single precision, as host code calculates. */
float reciprocal(float x) { return 1.0f / x; }
float reciprocalRoot(float x) { return 1.0f / std::sqrt(x); }

/** As processors have it: a NaN becomes quiet, denormals count as zeros, and are never results. */
float asProcessor(float (*calculate)(float), float x) {
  constexpr uint32_t kSign = 0x80000000, kInfinity = 0x7f800000, kQuiet = 0x400000, kIndefinite = 0xffc00000,
                     kLeastNormal = 0x800000;
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  const uint32_t sign = bits & kSign, magnitude = bits & ~kSign;
  uint32_t result;
  if (magnitude > kInfinity) {
    result = bits | kQuiet;
  } else if (magnitude < kLeastNormal) {
    result = sign | kInfinity;
  } else if (calculate == reciprocalRoot && sign != 0) {
    result = kIndefinite;
  } else {
    const float computed = calculate(x);
    std::memcpy(&result, &computed, sizeof result);
    if ((result & kInfinity) == 0) result = sign;
  }
  std::memcpy(&x, &result, sizeof x);
  return x;
}

/** RCPPS and its kin: `elements` of the destination are set. */
void approximate(void* env, float (*calculate)(float), unsigned opcode, void* to, const void* from, unsigned elements,
                 uintptr_t caller) {
  Simulator* simulator = Simulator::of(env);
  const bool exact = simulator != nullptr && simulator->exactFloat();
  float values[4];
  std::memcpy(values, from, sizeof values);
  for (unsigned i = 0; i < elements; ++i) {
    values[i] = exact ? asProcessor(calculate, values[i]) : calculate(values[i]);
  }
  std::memcpy(to, values, sizeof(float) * elements);
  if (simulator == nullptr) return;
  simulator->takeSseApproximation(static_cast<uint16_t>(opcode), static_cast<uint8_t*>(to), 4 * elements, caller);
}

}  // namespace

#define SSE_APPROXIMATION(name, calculate, opcode, elements)              \
  REPLACES void helper_##name##_x86_64(void* env, void* to, void* from) { \
    approximate(env, calculate, opcode, to, from, elements, CALLER);      \
  }

SSE_APPROXIMATION(rsqrtps, reciprocalRoot, 0x0f52, 4)
SSE_APPROXIMATION(rsqrtss, reciprocalRoot, 0xf352, 1)
SSE_APPROXIMATION(rcpps, reciprocal, 0x0f53, 4)
SSE_APPROXIMATION(rcpss, reciprocal, 0xf353, 1)
