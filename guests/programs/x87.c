/* x87: exact arithmetic, bit by bit; rounding, special values, comparisons, the stack, environments. */
#include "check.h"

typedef struct {
  uint64_t mantissa;
  uint16_t exponent; /* with the sign */
} __attribute__((packed)) extended;

static uint16_t status;

static extended bits(uint16_t exponent, uint64_t mantissa) { return (extended){mantissa, exponent}; }

static void check_bits(int line, extended got, uint16_t exponent, uint64_t mantissa) {
  if (got.exponent == exponent && got.mantissa == mantissa) return;
  fail("line %d: %04x %08x%08x, not %04x %08x%08x", line, got.exponent, (unsigned)(got.mantissa >> 32),
       (unsigned)got.mantissa, exponent, (unsigned)(mantissa >> 32), (unsigned)mantissa);
}

#define CHECK_BITS(got, exponent, mantissa) check_bits(__LINE__, (got), (exponent), (mantissa))

/* Loads b, then a (so ST0 is a), with the given control word; the status word is stored after. */
#define RUN(instruction, result, a, b, control)                                           \
  do {                                                                                    \
    extended a_ = (a), b_ = (b);                                                          \
    uint16_t control_ = (control);                                                        \
    __asm__ volatile("fninit\n\tfldcw %4\n\tfldt %3\n\tfldt %2\n\tfnclex\n\t" instruction \
                     "\n\tfnstsw %1\n\tfstpt %0\n\tfninit"                                \
                     : "=m"(result), "=m"(status)                                         \
                     : "m"(a_), "m"(b_), "m"(control_)                                    \
                     : "ax", "cc", FPU);                                                  \
  } while (0)

/* What fninit and the loads do to the registers the compiler may keep numbers in. */
#define FPU "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)", "memory"

enum { EXTENDED = 0x37f, DOUBLE = 0x27f, SINGLE = 0x07f, DOWN = 0x400, UP = 0x800, ZERO = 0xc00 };
enum { INVALID = 1, DIVIDE = 4, C0 = 0x100, C1 = 0x200, C2 = 0x400, C3 = 0x4000 };

static extended r;
static const extended one = {0x8000000000000000ull, 0x3fff}, three = {0xc000000000000000ull, 0x4000};
static const extended ten = {0xa000000000000000ull, 0x4002}, zero = {0, 0};
static const extended infinity = {0x8000000000000000ull, 0x7fff}, quiet = {0xc000000000000000ull, 0x7fff};
static const extended signalling = {0xa000000000000000ull, 0x7fff}, smallest = {1, 0}, largest = {~0ull, 0x7ffe};

static void test_arithmetic(void) {
  RUN("fdivrp", r, three, one, EXTENDED); /* ST1 / ST0 */
  CHECK_BITS(r, 0x3ffd, 0xaaaaaaaaaaaaaaabull);
  RUN("fdivrp", r, three, one, EXTENDED | DOWN);
  CHECK_BITS(r, 0x3ffd, 0xaaaaaaaaaaaaaaaaull);
  RUN("fdivrp", r, three, one, EXTENDED | ZERO);
  CHECK_BITS(r, 0x3ffd, 0xaaaaaaaaaaaaaaaaull);
  RUN("fdivrp", r, three, bits(0xbfff, 1ull << 63), EXTENDED | UP);
  CHECK_BITS(r, 0xbffd, 0xaaaaaaaaaaaaaaaaull);
  RUN("fdivrp", r, three, one, DOUBLE);
  CHECK_BITS(r, 0x3ffd, 0xaaaaaaaaaaaaa800ull);
  RUN("fdivrp", r, three, one, SINGLE);
  CHECK_BITS(r, 0x3ffd, 0xaaaaab0000000000ull);
  RUN("fsqrt", r, ten, one, EXTENDED);
  CHECK_BITS(r, 0x4000, 0xca62c1d6d2da9490ull);
  RUN("fsqrt", r, ten, one, DOUBLE | UP);
  CHECK_BITS(r, 0x4000, 0xca62c1d6d2da9800ull);
  RUN("faddp", r, one, bits(0x3fbf, 1ull << 63), EXTENDED); /* half a unit in the last place: to even */
  CHECK_BITS(r, 0x3fff, 0x8000000000000000ull);
  RUN("faddp", r, one, bits(0x3fbf, (1ull << 63) + 1), EXTENDED);
  CHECK_BITS(r, 0x3fff, 0x8000000000000001ull);
  RUN("fsubrp", r, three, three, EXTENDED);
  CHECK_BITS(r, 0, 0);
  RUN("fsubrp", r, three, three, EXTENDED | DOWN);
  CHECK_BITS(r, 0x8000, 0);
  RUN("fmulp", r, largest, three, EXTENDED);
  CHECK_BITS(r, 0x7fff, 1ull << 63);
  RUN("fmulp", r, largest, three, EXTENDED | ZERO);
  CHECK_BITS(r, 0x7ffe, ~0ull);
}

static void test_special_values(void) {
  RUN("faddp", r, smallest, smallest, EXTENDED);
  CHECK_BITS(r, 0, 2);
  RUN("fmulp", r, smallest, bits(0x3ffe, 1ull << 63), EXTENDED); /* half of the smallest: underflow, to even */
  CHECK_BITS(r, 0, 0);
  RUN("fdivrp", r, zero, one, EXTENDED);
  CHECK_BITS(r, 0x7fff, 1ull << 63);
  CHECK_EQUAL(status & 0x3f, DIVIDE);
  RUN("fdivrp", r, zero, zero, EXTENDED);
  CHECK_BITS(r, 0xffff, 0xc000000000000000ull);
  CHECK_EQUAL(status & 0x3f, INVALID);
  RUN("fsubp", r, infinity, infinity, EXTENDED);
  CHECK_BITS(r, 0xffff, 0xc000000000000000ull);
  RUN("fsqrt", r, bits(0xbfff, 1ull << 63), one, EXTENDED);
  CHECK_BITS(r, 0xffff, 0xc000000000000000ull);
  RUN("faddp", r, quiet, one, EXTENDED);
  CHECK_BITS(r, 0x7fff, 0xc000000000000000ull);
  CHECK_EQUAL(status & 0x3f, 0);
  RUN("faddp", r, signalling, one, EXTENDED);
  CHECK_BITS(r, 0x7fff, 0xe000000000000000ull);
  CHECK_EQUAL(status & 0x3f, INVALID);
  RUN("fucom", r, quiet, one, EXTENDED);
  CHECK_EQUAL(status & (C0 | C2 | C3 | INVALID), C0 | C2 | C3);
  RUN("fcom", r, quiet, one, EXTENDED);
  CHECK_EQUAL(status & (C0 | C2 | C3 | INVALID), C0 | C2 | C3 | INVALID);
  RUN("fcom", r, one, three, EXTENDED);
  CHECK_EQUAL(status & (C0 | C2 | C3), C0);
  RUN("ftst", r, bits(0x8000, 0), three, EXTENDED);
  CHECK_EQUAL(status & (C0 | C2 | C3), C3);
#define CLASS(value, wanted)              \
  RUN("fxam", r, (value), one, EXTENDED); \
  CHECK_EQUAL(status&(C0 | C1 | C2 | C3), (wanted))
  CLASS(zero, C3);
  CLASS(bits(0x8000, 0), C3 | C1);
  CLASS(one, C2);
  CLASS(infinity, C2 | C0);
  CLASS(quiet, C0);
  RUN("fxtract\n\tfstp %%st(1)", r, ten, one, EXTENDED);
  CHECK_BITS(r, 0x3fff, 0xa000000000000000ull);
  RUN("fxtract\n\tfstp %%st(0)", r, ten, one, EXTENDED);
  CHECK_BITS(r, 0x4000, 0xc000000000000000ull);
}

static void test_rounding(void) {
  static const struct {
    double value;
    int32_t nearest, down, up, zero;
  } cases[] = {{2.5, 2, 2, 3, 2},
               {3.5, 4, 3, 4, 3},
               {-2.5, -2, -3, -2, -2},
               {-0.75, -1, -1, 0, 0},
               {1e6 + 0.25, 1000000, 1000000, 1000001, 1000000}};
  static const uint16_t modes[] = {EXTENDED, EXTENDED | DOWN, EXTENDED | UP, EXTENDED | ZERO};
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
    for (unsigned mode = 0; mode < 4; mode++) {
      int32_t got = 0, wanted = (&cases[i].nearest)[mode];
      double rounded = 0;
      __asm__ volatile("fninit\n\tfldcw %3\n\tfldl %2\n\tfistl %0\n\tfrndint\n\tfstpl %1\n\tfninit"
                       : "=m"(got), "=m"(rounded)
                       : "m"(cases[i].value), "m"(modes[mode])
                       : FPU);
      CHECK_EQUAL(got, wanted);
      CHECK(rounded == (double)wanted);
    }
  }
  /* Too large for the integer: the indefinite one. */
  int16_t small = 0;
  int64_t large = 0;
  double value = 40000, huge = 1e19;
  __asm__ volatile("fninit\n\tfldl %1\n\tfistps %0\n\tfnstsw %2" : "=m"(small), "+m"(value), "=m"(status) : : FPU);
  CHECK(small == -32768 && (status & INVALID));
  __asm__ volatile("fninit\n\tfldl %1\n\tfistpll %0" : "=m"(large) : "m"(huge) : FPU);
  CHECK(large == INT64_MIN);
  value = -7.9;
  float narrow = 0;
  double tenth = 0.1;
  __asm__ volatile("fninit\n\tfldl %2\n\tfstps %0\n\tfldl %3\n\tfistpll %1"
                   : "=m"(narrow), "=m"(large)
                   : "m"(tenth), "m"(value)
                   : FPU);
  CHECK(large == -8);
  CHECK_EQUAL(*(uint32_t*)(void*)&narrow, 0x3dcccccd);
}

static void test_remainders(void) {
  RUN("fprem", r, ten, three, EXTENDED);
  CHECK_BITS(r, 0x3fff, 1ull << 63);
  CHECK_EQUAL(status & (C0 | C1 | C2 | C3), C1 | C3);                     /* quotient 3: C0 Q2, C3 Q1, C1 Q0 */
  RUN("fprem1", r, bits(0x4002, 0xb000000000000000ull), three, EXTENDED); /* 11 by 3: 4, rest -1 */
  CHECK_BITS(r, 0xbfff, 1ull << 63);
  CHECK_EQUAL(status & (C0 | C1 | C2 | C3), C0);
  RUN("fscale", r, three, bits(0x4001, 0xb000000000000000ull), EXTENDED); /* 3 times 2 to the 5 (of 5.5) */
  CHECK_BITS(r, 0x4005, 0xc000000000000000ull);
}

static void test_decimal(void) {
  unsigned char packed[10];
  double value = -123456789012345678.0;
  static const unsigned char wanted[10] = {0x80, 0x56, 0x34, 0x12, 0x90, 0x78, 0x56, 0x34, 0x12, 0x80};
  __asm__ volatile("fninit\n\tfldl %1\n\tfbstp %0" : "=m"(packed) : "m"(value) : FPU);
  CHECK(memcmp(packed, wanted, 10) == 0);
}

static void test_stack(void) {
  struct {
    uint32_t control, status, tag, ip, cs, dp, ds;
    extended registers[8];
  } __attribute__((packed)) state, again;
  uint32_t environment[7];
  __asm__ volatile("fninit\n\tfld1\n\tfldz\n\tfld1\n\tfchs\n\tfnstenv %0\n\tfnsave %1\n\tfrstor %1\n\tfnsave %2"
                   : "=m"(environment), "=m"(state), "=m"(again)
                   :
                   : FPU);
  CHECK_EQUAL(environment[0] & 0xffff, EXTENDED);
  CHECK_EQUAL(state.status & 0x3800, 5 << 11);
  CHECK_EQUAL(environment[2] & 0xffff, 0x13ff); /* registers 7, 6, 5: valid, zero, valid */
  CHECK_EQUAL(state.tag & 0xffff, 0x13ff);
  CHECK_BITS(state.registers[0], 0xbfff, 1ull << 63);
  CHECK_BITS(state.registers[2], 0x3fff, 1ull << 63);
  CHECK(memcmp(state.registers, again.registers, sizeof state.registers) == 0);
  /* Overflow and underflow of the stack: see differences.c. */
  __asm__ volatile("fninit\n\tfld1\n\tfldz\n\tfxch %%st(1)\n\tfcmove %%st(1), %%st\n\tfstpt %0\n\tfninit"
                   : "=m"(r)
                   :
                   : "cc", FPU);
  uint32_t flags;
  __asm__ volatile("fninit\n\tfldz\n\tfld1\n\tfucomi %%st(1), %%st\n\tpushfl\n\tpopl %0\n\tfninit"
                   : "=r"(flags)
                   :
                   : "cc", FPU);
  CHECK_EQUAL(flags & 0x45, 0);
  __asm__ volatile("fninit\n\tfld1\n\tfldz\n\tfcomi %%st(1), %%st\n\tpushfl\n\tpopl %0\n\tfninit"
                   : "=r"(flags)
                   :
                   : "cc", FPU);
  CHECK_EQUAL(flags & 0x45, 1);
}

/* FXAM of a negative number sets C1; what comes after it clears that, or leaves C0, C2 and C3 as they are. */
static void test_condition_codes(void) {
  static const int32_t integer = 7;
  static const float single = 1.5f;
  extended minus = bits(0xbfff, 1ull << 63);
#define AFTER_FXAM(instruction, mask, wanted)           \
  RUN("fxam\n\t" instruction, r, minus, one, EXTENDED); \
  CHECK_EQUAL(status&(mask), (wanted))
  enum { ALL = C0 | C1 | C2 | C3 };
  AFTER_FXAM("nop", ALL, C1 | C2);
  AFTER_FXAM("fld1\n\tfstp %%st(0)", ALL, C2);
  AFTER_FXAM("fld %%st(1)\n\tfstp %%st(0)", ALL, C2);
  AFTER_FXAM("fldt %2\n\tfstp %%st(0)", ALL, C2);
  AFTER_FXAM("fcom", ALL, C0);
  AFTER_FXAM("fucom", ALL, C0);
  AFTER_FXAM("ftst", ALL, C0);
  AFTER_FXAM("fincstp\n\tfdecstp", C1, 0);
  AFTER_FXAM("fdecstp\n\tfincstp", C1, 0);
  AFTER_FXAM("fnclex", 0xff, 0);
#define LOADED(instruction, operand)                                                        \
  __asm__ volatile("fninit\n\tfldt %1\n\tfxam\n\t" instruction " %2\n\tfnstsw %0\n\tfninit" \
                   : "=m"(status)                                                           \
                   : "m"(minus), "m"(operand)                                               \
                   : FPU);                                                                  \
  CHECK_EQUAL(status& ALL, C2)
  double wide = 2.5;
  int16_t half = -3;
  int64_t large = 1ll << 40;
  LOADED("flds", single);
  LOADED("fldl", wide);
  LOADED("filds", half);
  LOADED("fildl", integer);
  LOADED("fildll", large);
}

int main(void) {
  test_condition_codes();
  test_arithmetic();
  test_special_values();
  test_rounding();
  test_remainders();
  test_decimal();
  test_stack();
  return finish("x87");
}
