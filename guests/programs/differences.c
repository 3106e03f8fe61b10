/*
 * What v86 is known to do otherwise than a processor. Each case prints "same: ..." where the machine does as the manual
 * says, "known: ..." where it does not. Kept apart from the test programs, as a simulator that does as the manual says
 * must diverge from a recording of these.
 */
#include "check.h"

#include <asm/ldt.h>
#include <emmintrin.h>
#include <sys/syscall.h>

#define FPU "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)", "memory"

static void say(int holds, const char* what) {
  printf("%s: %s\n", holds ? "same" : "known", what);
  fflush(stdout);
}

static uint16_t set_ldt(unsigned number, void* base, uint32_t limit, int contents, int read_only) {
  struct user_desc entry;
  memset(&entry, 0, sizeof entry);
  entry.entry_number = number;
  entry.base_addr = (unsigned)(uintptr_t)base;
  entry.limit = limit;
  entry.seg_32bit = 1;
  entry.contents = (unsigned)contents & 3;
  entry.read_exec_only = read_only != 0;
  entry.useable = 1;
  syscall(SYS_modify_ldt, 0x11, &entry, sizeof entry);
  return (uint16_t)(number << 3 | 7);
}

static void touch_fs(uint16_t selector, uint32_t offset) {
  __asm__ volatile("movw %0, %%fs\n\tincl %%fs:(%1)" : : "r"(selector), "r"(offset) : "memory", "cc");
}

static void segments(void) {
  static uint32_t area[64];
  uint16_t low = set_ldt(0, area, 99, 0, 0), high = set_ldt(1, area, 31, 1, 0), fixed = set_ldt(2, area, 99, 0, 1);
  say(CATCH(touch_fs(low, 97)) == SIGSEGV, "an access beyond a segment's limit is a fault");
  say(CATCH(touch_fs(high, 8)) == SIGSEGV, "an access below the limit of a segment that expands down is a fault");
  say(CATCH(touch_fs(fixed, 0)) == SIGSEGV, "a write to a read-only segment is a fault");
  __asm__ volatile("movw %0, %%fs" : : "r"((uint16_t)0));
  struct {
    uint32_t offset;
    uint16_t selector;
  } __attribute__((packed)) target = {0, 8};
  say(CATCH(__asm__ volatile("lcall *%0"
                             :
                             : "m"(target)
                             : "memory")) == SIGSEGV,
      "a far call to an empty descriptor is a fault");
}

static volatile int steps;

static void count_step(int number UNUSED, siginfo_t* info UNUSED, void* context UNUSED) { steps++; }

static void traps(void) {
  static int32_t bounds[2] = {-5, 5};
  say(CATCH(__asm__ volatile("bound %0, (%1)"
                             :
                             : "r"(6), "r"(bounds)
                             : "memory")) == SIGSEGV,
      "bound raises an exception");
  handle(SIGTRAP, count_step, 0);
  __asm__ volatile(
      "pushfl\n\torl $0x100, (%%esp)\n\tpopfl\n\tnop\n\tnop\n\tmovl $3, %%ecx\n1:\tloop 1b\n\t"
      "pushfl\n\tandl $~0x100, (%%esp)\n\tpopfl\n\tnop\n\tnop"
      :
      :
      : "ecx", "memory", "cc");
  say(steps == 9, "the trap flag makes every instruction trap");
  catch_all();
}

static void set_control(uint32_t value) { __asm__ volatile("ldmxcsr %0" : : "m"(value)); }

static uint32_t flags_of(__m128 a, __m128 b) {
  uint32_t value;
  set_control(0x1f80);
  __asm__ volatile("divps %1, %0" : "+x"(a) : "x"(b));
  __asm__ volatile("stmxcsr %0" : "=m"(value));
  return value & 0x3f;
}

static uint32_t divide_rounding(uint32_t control) {
  __m128 a = _mm_set1_ps(1), b = _mm_set1_ps(3);
  uint32_t result;
  set_control(control);
  __asm__ volatile("divps %1, %0" : "+x"(a) : "x"(b));
  set_control(0x1f80);
  memcpy(&result, &a, 4);
  return result;
}

static void vectors(void) {
  static unsigned char area[64] __attribute__((aligned(16)));
  say(CATCH(__asm__ volatile("movaps (%0), %%xmm0"
                             :
                             : "r"(area + 4)
                             : "xmm0")) == SIGSEGV,
      "movaps faults where it is not aligned");
  say(CATCH(__asm__ volatile("addps (%0), %%xmm0"
                             :
                             : "r"(area + 8)
                             : "xmm0")) == SIGSEGV,
      "addps faults where it is not aligned");
  __m128 one = _mm_set1_ps(1), three = _mm_set1_ps(3), none = _mm_setzero_ps();
  say(flags_of(one, three) == 0x20, "MXCSR tells of inexact results");
  say(flags_of(one, none) == 4, "MXCSR tells of a division by zero");
  say(flags_of(none, none) == 1, "MXCSR tells of invalid operations");
  say(divide_rounding(0x1f80 | 0x4000) == 0x3eaaaaab && divide_rounding(0x1f80 | 0x2000) == 0x3eaaaaaa,
      "MXCSR decides how results are rounded");
  say(CATCH(set_control(0x1d80); __asm__ volatile("divps %1, %0"
                                                  : "+x"(one)
                                                  : "x"(none))) == SIGFPE,
      "SSE exceptions can be unmasked");
  set_control(0x1f80);
}

/* Status word after an instruction on a (ST0) and b (ST1). */
#define STATUS(instruction, a, b)                                                                       \
  ({                                                                                                    \
    uint16_t status_;                                                                                   \
    long double a_ = (a), b_ = (b);                                                                     \
    __asm__ volatile("fninit\n\tfldt %2\n\tfldt %1\n\tfnclex\n\t" instruction "\n\tfnstsw %0\n\tfninit" \
                     : "=m"(status_)                                                                    \
                     : "m"(a_), "m"(b_)                                                                 \
                     : "ax", "cc", FPU);                                                                \
    status_;                                                                                            \
  })

static void x87(void) {
  static const struct {
    uint64_t mantissa;
    uint16_t exponent;
  } __attribute__((packed)) smallest_bits = {1, 0}, large_bits = {0x8123456789abcdefull, 0x4100};
  long double smallest = 0, large = 0, rest = 0, three = 3;
  memcpy(&smallest, &smallest_bits, 10);
  memcpy(&large, &large_bits, 10);
  say((STATUS("fdivrp", 3, 1) & 0x220) == 0x220, "the x87 status tells of inexact results, and of rounding up");
  say((STATUS("faddp", smallest, smallest) & 2) == 2, "the x87 status tells of denormal operands");
  say((STATUS("fmulp", smallest, 0.5L) & 0x30) == 0x30, "the x87 status tells of underflow");
  say((STATUS("fmulp", 1e4930L, 1e4930L) & 0x28) == 0x28, "the x87 status tells of overflow");
  say((STATUS("fxam", smallest, 1) & 0x4500) == 0x4400, "fxam knows denormal numbers");
  say((STATUS("fprem", large, 3) & 0x400) == 0x400, "fprem does its work in steps");
  __asm__ volatile(
      "fninit\n\tfldt %2\n\tfldt %1\n1:\tfprem\n\tfnstsw %%ax\n\ttestw $0x400, %%ax\n\tjnz 1b\n\tfstpt %0\n\tfninit"
      : "=m"(rest)
      : "m"(large), "m"(three)
      : "ax", "cc", FPU);
  say(rest == 2, "fprem's remainder of numbers far apart is right");
  static const unsigned char pi[10] = {0x35, 0xc2, 0x68, 0x21, 0xa2, 0xda, 0x0f, 0xc9, 0x00, 0x40};
  unsigned char constant[10];
  __asm__ volatile("fninit\n\tfldpi\n\tfstpt %0" : "=m"(constant) : : FPU);
  say(memcmp(constant, pi, 10) == 0, "fldpi and its like load 64 bits of mantissa");
  /* Here it is the simulator that knows nothing of it. */
  uint16_t status;
  __asm__ volatile("fninit\n\tfld1\n\tfld1\n\tfld1\n\tfld1\n\tfld1\n\tfld1\n\tfld1\n\tfld1\n\tfld1\n\tfnstsw %0\n\tfninit"
                   : "=m"(status)
                   :
                   : FPU);
  say((status & 0x241) == 0x241, "the ninth push is a stack overflow");
  __asm__ volatile("fninit\n\tfstp %%st(0)\n\tfnstsw %0\n\tfninit" : "=m"(status) : : FPU);
  say((status & 0x241) == 0x041, "a pop of an empty register is a stack underflow");
  uint16_t control = 0x37f & ~4;
  say(CATCH(__asm__ volatile("fninit\n\tfldcw %0\n\tfld1\n\tfldz\n\tfdivrp\n\tfwait"
                             :
                             : "m"(control)
                             : FPU)) == SIGFPE,
      "x87 exceptions can be unmasked");
  __asm__ volatile("fninit" : : : FPU);
  unsigned char packed[10] = {0x34, 0x12};
  say(CATCH(__asm__ volatile("fninit\n\tfbld %0\n\tfstp %%st(0)" : : "m"(packed) : FPU)) == 0, "there is fbld");
}

int main(void) {
  catch_all();
  segments();
  traps();
  vectors();
  x87();
  printf("ok differences\n");
  return 0;
}
