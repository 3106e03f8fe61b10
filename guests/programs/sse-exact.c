/*
 * What SSE computes for ordinary and extraordinary operands under every kind of MXCSR: one sum over results and flags for
 * each instruction. Those of a processor are in the table below; `sse-exact print` writes the table. Built with -msse3.
 */
#include "check.h"

static uint32_t state;
static uint32_t next(void) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

typedef union {
  uint32_t u32[4];
  uint64_t u64[2];
} __attribute__((aligned(16))) lanes;

static uint64_t operand(int is_wide) {
  static const uint16_t narrow[] = {0, 0, 1, 2, 23, 24, 64, 100, 126, 127, 128, 150, 157, 158, 159, 192, 253, 254, 255};
  static const uint16_t broad[] = {0, 0, 1, 53, 512, 873, 896, 897, 1022, 1023, 1024, 1053, 1054, 1150, 1151, 1536, 2046, 2047};
  uint64_t all = (uint64_t)next() << 32 | next();
  if ((next() & 7) == 0) return all;
  uint32_t how = next();
  uint64_t fraction = is_wide ? all >> 12 : (all >> 41);
  if ((how & 3) == 0) fraction = 0;
  if ((how & 3) == 1) fraction &= ~(uint64_t)0 << (how >> 8 & (is_wide ? 63 : 23));
  if ((how & 15) == 2) fraction = is_wide ? ~(uint64_t)0 >> 12 : 0x7fffff;
  uint32_t which = next();
  uint64_t exponent = is_wide ? (which & 1 ? broad[which % 18] : 963 + which % 120) : (which & 1 ? narrow[which % 19] : 97 + which % 60);
  return is_wide ? all << 63 | exponent << 52 | fraction : (all & 1) << 31 | exponent << 23 | fraction;
}

static void fill(lanes* to, int is_wide) {
  for (int i = 0; i < 4; i++) {
    if (is_wide) {
      if (i < 2) to->u64[i] = operand(1);
    } else {
      to->u32[i] = (uint32_t)operand(0);
    }
  }
}

static lanes a, b, result;
static uint32_t control;

#define XMM(name, text)                                                             \
  static void name##_r(void) {                                                      \
    __asm__ volatile("ldmxcsr %1\n\tmovaps %2, %%xmm0\n\tmovaps %3, %%xmm1\n\t" text \
                     " %%xmm1, %%xmm0\n\tstmxcsr %1\n\tmovaps %%xmm0, %0"           \
                     : "=m"(result), "+m"(control)                                  \
                     : "m"(a), "m"(b)                                               \
                     : "xmm0", "xmm1");                                             \
  }                                                                                 \
  static void name##_m(void) {                                                      \
    __asm__ volatile("ldmxcsr %1\n\tmovaps %2, %%xmm0\n\t" text                      \
                     " %3, %%xmm0\n\tstmxcsr %1\n\tmovaps %%xmm0, %0"               \
                     : "=m"(result), "+m"(control)                                  \
                     : "m"(a), "m"(b)                                               \
                     : "xmm0");                                                     \
  }
#define GENERAL(name, text)                                                    \
  static void name##_r(void) {                                                 \
    __asm__ volatile("ldmxcsr %1\n\tmovaps %2, %%xmm0\n\t" text                 \
                     " %%xmm0, %%eax\n\tstmxcsr %1\n\tmovl %%eax, %0"          \
                     : "=m"(result), "+m"(control)                             \
                     : "m"(a)                                                  \
                     : "xmm0", "eax");                                         \
  }                                                                            \
  static void name##_m(void) {                                                 \
    __asm__ volatile("ldmxcsr %1\n\t" text " %2, %%eax\n\tstmxcsr %1\n\tmovl %%eax, %0" \
                     : "=m"(result), "+m"(control)                             \
                     : "m"(a)                                                  \
                     : "eax");                                                 \
  }
#define ORDER(name, text)                                                                     \
  static void name##_r(void) {                                                                \
    __asm__ volatile("ldmxcsr %1\n\tmovaps %2, %%xmm0\n\tmovaps %3, %%xmm1\n\txorl %%eax, %%eax\n\t" text \
                     " %%xmm1, %%xmm0\n\tlahf\n\tstmxcsr %1\n\tmovl %%eax, %0"                \
                     : "=m"(result), "+m"(control)                                            \
                     : "m"(a), "m"(b)                                                         \
                     : "xmm0", "xmm1", "eax", "cc");                                          \
  }                                                                                           \
  static void name##_m(void) {                                                                \
    __asm__ volatile("ldmxcsr %1\n\tmovaps %2, %%xmm0\n\txorl %%eax, %%eax\n\t" text           \
                     " %3, %%xmm0\n\tlahf\n\tstmxcsr %1\n\tmovl %%eax, %0"                    \
                     : "=m"(result), "+m"(control)                                            \
                     : "m"(a), "m"(b)                                                         \
                     : "xmm0", "eax", "cc");                                                  \
  }
#define TO_MMX(name, text)                                                     \
  static void name##_r(void) {                                                 \
    __asm__ volatile("ldmxcsr %1\n\tmovaps %2, %%xmm0\n\t" text                 \
                     " %%xmm0, %%mm1\n\tstmxcsr %1\n\tmovq %%mm1, %0\n\temms"  \
                     : "=m"(result), "+m"(control)                             \
                     : "m"(a)                                                  \
                     : "xmm0", "mm1");                                         \
  }                                                                            \
  static void name##_m(void) {                                                 \
    __asm__ volatile("ldmxcsr %1\n\t" text " %2, %%mm1\n\tstmxcsr %1\n\tmovq %%mm1, %0\n\temms" \
                     : "=m"(result), "+m"(control)                             \
                     : "m"(a)                                                  \
                     : "mm1");                                                 \
  }
#define FROM_MMX(name, text)                                                                 \
  static void name##_r(void) {                                                               \
    __asm__ volatile("ldmxcsr %1\n\tmovaps %2, %%xmm0\n\tmovq %3, %%mm1\n\t" text             \
                     " %%mm1, %%xmm0\n\tstmxcsr %1\n\tmovaps %%xmm0, %0\n\temms"             \
                     : "=m"(result), "+m"(control)                                           \
                     : "m"(a), "m"(b)                                                        \
                     : "xmm0", "mm1");                                                       \
  }                                                                                          \
  static void name##_m(void) {                                                               \
    __asm__ volatile("ldmxcsr %1\n\tmovaps %2, %%xmm0\n\t" text                               \
                     " %3, %%xmm0\n\tstmxcsr %1\n\tmovaps %%xmm0, %0\n\temms"                \
                     : "=m"(result), "+m"(control)                                           \
                     : "m"(a), "m"(b)                                                        \
                     : "xmm0");                                                              \
  }
#define FROM_GENERAL(name, text)                                                                      \
  static void name##_r(void) {                                                                        \
    __asm__ volatile("ldmxcsr %1\n\tmovaps %2, %%xmm0\n\tmovl %3, %%eax\n\t" text                      \
                     " %%eax, %%xmm0\n\tstmxcsr %1\n\tmovaps %%xmm0, %0"                              \
                     : "=m"(result), "+m"(control)                                                    \
                     : "m"(a), "m"(b)                                                                 \
                     : "xmm0", "eax");                                                                \
  }                                                                                                   \
  static void name##_m(void) {                                                                        \
    __asm__ volatile("ldmxcsr %1\n\tmovaps %2, %%xmm0\n\t" text                                        \
                     " %3, %%xmm0\n\tstmxcsr %1\n\tmovaps %%xmm0, %0"                                 \
                     : "=m"(result), "+m"(control)                                                    \
                     : "m"(a), "m"(b)                                                                 \
                     : "xmm0");                                                                       \
  }
#include "sse-exact.h"

static const struct {
  const char* name;
  int is_wide;
  void (*run[2])(void);
  uint32_t sums[2];
} tests[] = {SSE_TESTS};

static uint32_t sum_of(void (*run)(void), int is_wide) {
  uint32_t sum = 2166136261u;
  state = 0x2545f491;
  for (int i = 0; i < 3000; i++) {
    fill(&a, is_wide);
    fill(&b, is_wide);
    if ((next() & 15) == 0) b.u64[0] = a.u64[0];
    memset(&result, 0, sizeof result);
    uint32_t how = next();
    control = 0x1f80 | (how & 0x6000) | (how & 0x10000 ? 0x8000 : 0) | (how & 0x20000 ? 0x40 : 0);
    if ((how & 0xc0000) == 0) control = 0x1f80;
    if ((how & 0xc0000) == 0x40000) control = 0x1fa0;
    run();
    for (int k = 0; k < 5; k++) sum = (sum ^ (k < 4 ? result.u32[k] : control)) * 16777619u;
  }
  return sum;
}

int main(int argc, char** argv) {
  uint32_t normal = 0x1f80;
  int printing = argc > 1 && strcmp(argv[1], "print") == 0;
  for (unsigned i = 0; i < sizeof tests / sizeof *tests; i++) {
    uint32_t sums[2];
    for (int form = 0; form < 2; form++) {
      sums[form] = sum_of(tests[i].run[form], tests[i].is_wide);
      __asm__ volatile("ldmxcsr %0" : : "m"(normal));
      if (!printing && sums[form] != tests[i].sums[form])
        fail("%s of %s: %08x, not %08x", tests[i].name, form ? "memory" : "register", (unsigned)sums[form], (unsigned)tests[i].sums[form]);
    }
    if (printing) printf("%s %08x %08x\n", tests[i].name, (unsigned)sums[0], (unsigned)sums[1]);
  }
  return finish("sse-exact");
}
