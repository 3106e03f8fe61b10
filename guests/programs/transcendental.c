/*
 * The x87's transcendental functions, which processors compute to slightly different last bits: close to the C
 * library's is good enough.
 */
#include "check.h"

#include <math.h>

#define FPU "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)", "memory"

int main(void) {
#define CLOSE(instruction, a, b, wanted)                                                                          \
  do {                                                                                                            \
    long double got_ = 0, a_ = (a), b_ = (b), wanted_ = (wanted);                                                 \
    __asm__ volatile("fninit\n\tfldt %2\n\tfldt %1\n\t" instruction "\n\tfstpt %0\n\tfninit"                      \
                     : "=m"(got_)                                                                                 \
                     : "m"(a_), "m"(b_)                                                                           \
                     : FPU);                                                                                      \
    if (!(fabsl(got_ - wanted_) <= 2e-15L * fabsl(wanted_) + 1e-18L)) fail("line %d: %s", __LINE__, instruction); \
  } while (0)
  for (int i = 1; i <= 20; i++) {
    double x = i * 0.31 - 2.9;
    CLOSE("fsin", x, 1, sinl((long double)x));
    CLOSE("fcos", x, 1, cosl((long double)x));
    CLOSE("fptan\n\tfstp %%st(0)", x / 2, 1, tanl((long double)(x / 2)));
    CLOSE("fsincos\n\tfstp %%st(0)", x, 1, sinl((long double)x));
    CLOSE("fsincos\n\tfstp %%st(1)", x, 1, cosl((long double)x));
    CLOSE("fpatan", x, 0.7L, atan2l(0.7L, (long double)x));
    CLOSE("f2xm1", x / 4, 1, expm1l((long double)(x / 4) * M_LN2l));
    CLOSE("fyl2x", i * 1.7L, 3, 3 * log2l(i * 1.7L));
    CLOSE("fyl2xp1", i * 0.01L, 3, 3 * log1pl(i * 0.01L) / M_LN2l);
  }
  return finish("transcendental");
}
