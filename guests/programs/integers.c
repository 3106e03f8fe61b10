/* Corner cases of integer instructions: results, the flags the manual defines, and the exceptions. */
#include "check.h"

enum { CF = 1, PF = 4, AF = 16, ZF = 64, SF = 128, OF = 2048, ARITHMETIC = CF | PF | AF | ZF | SF | OF };

static uint32_t flags;

/* An instruction on EAX, ECX and EDX, with flags set before and stored after. */
#define RUN(instruction, eax, ecx, edx, before)                                  \
  do {                                                                           \
    a = (eax), c = (ecx), d = (edx), flags = (before);                           \
    __asm__ volatile("pushl %3\n\tpopfl\n\t" instruction "\n\tpushfl\n\tpopl %3" \
                     : "+a"(a), "+c"(c), "+d"(d), "+r"(flags)                    \
                     :                                                           \
                     : "memory", "cc");                                          \
  } while (0)

#define FLAGS(mask, wanted) CHECK_EQUAL(flags&(mask), (wanted))

static uint32_t a, c, d;

static void test_add_subtract(void) {
  RUN("addl %%ecx, %%eax", 0x7fffffff, 1, 0, 0);
  CHECK_EQUAL(a, 0x80000000);
  FLAGS(ARITHMETIC, OF | SF | AF | PF);
  RUN("adcl %%ecx, %%eax", 0xffffffff, 0, 0, CF);
  FLAGS(ARITHMETIC, CF | ZF | AF | PF);
  RUN("sbbl %%ecx, %%eax", 0, 0, 0, CF);
  CHECK_EQUAL(a, 0xffffffff);
  FLAGS(ARITHMETIC, CF | SF | AF | PF);
  RUN("subb %%cl, %%al", 0x80, 1, 0, 0);
  CHECK_EQUAL(a, 0x7f);
  FLAGS(ARITHMETIC, OF | AF);
  RUN("incb %%al", 0x7f, 0, 0, CF);
  FLAGS(ARITHMETIC, CF | OF | SF | AF);
  RUN("decw %%ax", 0x10000, 0, 0, CF);
  CHECK_EQUAL(a, 0x1ffff);
  FLAGS(ARITHMETIC, CF | SF | AF | PF);
  RUN("negl %%eax", 0x80000000, 0, 0, 0);
  FLAGS(ARITHMETIC, CF | OF | SF | PF);
  RUN("negl %%eax", 0, 0, 0, CF);
  FLAGS(ARITHMETIC, ZF | PF);
  RUN("cmpl %%ecx, %%eax", 0, 0x80000000, 0, 0);
  FLAGS(ARITHMETIC, CF | OF | SF | PF);
  RUN("xaddl %%ecx, %%eax", 5, 0xfffffffe, 0, 0);
  CHECK(a == 3 && c == 5);
  FLAGS(CF | OF | ZF, CF);
  RUN("cmpxchgl %%ecx, %%edx", 9, 4, 9, 0);
  CHECK(d == 4 && a == 9);
  FLAGS(ZF, ZF);
  RUN("cmpxchgl %%ecx, %%edx", 8, 4, 9, ZF);
  CHECK(d == 9 && a == 9);
  FLAGS(ZF | CF, CF);
  RUN("bswap %%eax", 0x11223344, 0, 0, 0);
  CHECK_EQUAL(a, 0x44332211);
}

static void test_multiply_divide(void) {
  RUN("mull %%ecx", 0xffffffff, 0xffffffff, 0, 0);
  CHECK(a == 1 && d == 0xfffffffe);
  FLAGS(CF | OF, CF | OF);
  RUN("mulb %%cl", 15, 17, 0, CF | OF);
  CHECK_EQUAL(a, 255);
  FLAGS(CF | OF, 0);
  RUN("imull %%ecx", 0x80000000, 0xffffffff, 0, 0);
  CHECK(a == 0x80000000 && d == 0);
  FLAGS(CF | OF, CF | OF);
  RUN("imulw %%cx, %%ax", 0xffff, 0x8000, 0, 0);
  CHECK_EQUAL(a & 0xffff, 0x8000);
  FLAGS(CF | OF, CF | OF);
  RUN("imull $-7, %%ecx, %%eax", 0, 6, 0, CF | OF);
  CHECK_EQUAL(a, -42);
  FLAGS(CF | OF, 0);
  RUN("divl %%ecx", 0, 0x80000001, 0x80000000, 0);
  CHECK(a == 0xfffffffe && d == 2);
  RUN("idivl %%ecx", (uint32_t)-7, 2, 0xffffffff, 0);
  CHECK(a == (uint32_t)-3 && d == 0xffffffff);
  RUN("idivl %%ecx", 0x80000000, 1, 0xffffffff, 0);
  CHECK(a == 0x80000000 && d == 0);
  RUN("idivb %%cl", 0xff80, 1, 0, 0);
  CHECK_EQUAL(a & 0xffff, 0x0080);
  RUN("divw %%cx", 0xffff, 0x100, 0x12, 0);
  CHECK((a & 0xffff) == 0x12ff && (d & 0xffff) == 0xff);
  catch_all();
#define DIVIDE_ERROR(instruction, eax, ecx, edx) \
  CHECK_EQUAL(CATCH(__asm__ volatile(instruction : : "a"(eax), "c"(ecx), "d"(edx) : "cc")), SIGFPE)
  DIVIDE_ERROR("divl %%ecx", 1, 0, 0);
  DIVIDE_ERROR("divl %%ecx", 0, 1, 1);
  DIVIDE_ERROR("idivl %%ecx", 0x80000000, -1, -1);
  DIVIDE_ERROR("idivl %%ecx", 0x80000000, 1, 0);
  DIVIDE_ERROR("divw %%cx", 0, 5, 5);
  DIVIDE_ERROR("idivw %%cx", 0x8000, 0xffff, 0xffff);
  DIVIDE_ERROR("divb %%cl", 0x200, 2, 0);
  DIVIDE_ERROR("idivb %%cl", 0x0080, 1, 0);
  DIVIDE_ERROR("aam $0", 1, 0, 0);
}

static void test_shifts(void) {
  for (uint32_t count = 0; count <= 64; count += 32) {
    RUN("shll %%cl, %%eax", 0x80000001, count, 0, CF | ZF | OF | PF);
    CHECK_EQUAL(a, 0x80000001);
    FLAGS(CF | ZF | OF | PF | SF, CF | ZF | OF | PF);
    RUN("rcrl %%cl, %%eax", 0x80000001, count, 0, CF);
    CHECK_EQUAL(a, 0x80000001);
    RUN("rolb %%cl, %%al", 0x81, count, 0, 0);
    CHECK_EQUAL(a, 0x81);
  }
  RUN("shll %%cl, %%eax", 0xc0000001, 1, 0, 0);
  CHECK_EQUAL(a, 0x80000002);
  FLAGS(CF | OF | SF | ZF | PF, CF | SF);
  RUN("shll %%cl, %%eax", 3, 31, 0, 0);
  CHECK_EQUAL(a, 0x80000000);
  FLAGS(CF | SF, CF | SF);
  RUN("sarl %%cl, %%eax", 0x80000000, 31, 0, 0);
  CHECK_EQUAL(a, 0xffffffff);
  FLAGS(CF | SF | ZF, SF);
  RUN("sarl $1, %%eax", 0x80000001, 0, 0, OF);
  FLAGS(CF | OF | SF, CF | SF);
  RUN("shrl $1, %%eax", 0x80000001, 0, 0, 0);
  FLAGS(CF | OF | SF, CF | OF);
  RUN("shrb %%cl, %%al", 0xff, 9, 0, 0);
  CHECK_EQUAL(a, 0);
  FLAGS(ZF | SF, ZF);
  RUN("sarb %%cl, %%al", 0x80, 20, 0, 0);
  CHECK_EQUAL(a, 0xff);
  FLAGS(CF | SF, CF | SF);
  RUN("roll %%cl, %%eax", 0x80000001, 1, 0, 0);
  CHECK_EQUAL(a, 3);
  FLAGS(CF | OF, CF | OF);
  RUN("rolw %%cl, %%ax", 0x8001, 20, 0, 0);
  CHECK_EQUAL(a, 0x18);
  RUN("rcll %%cl, %%eax", 0x80000000, 1, 0, CF);
  CHECK_EQUAL(a, 1);
  FLAGS(CF | OF, CF | OF);
  RUN("rclb %%cl, %%al", 0x80, 9, 0, CF);
  CHECK_EQUAL(a, 0x80);
  FLAGS(CF, CF);
  RUN("rcrw %%cl, %%ax", 1, 17, 0, CF);
  CHECK_EQUAL(a, 1);
  FLAGS(CF, CF);
  RUN("shldl %%cl, %%edx, %%eax", 0x12345678, 8, 0xabcdef01, 0);
  CHECK_EQUAL(a, 0x345678ab);
  RUN("shrdl %%cl, %%edx, %%eax", 0x12345678, 31, 0xabcdef01, 0);
  CHECK_EQUAL(a, 0x579bde02);
  RUN("shldl %%cl, %%edx, %%eax", 0x12345678, 32, 0xabcdef01, CF | ZF);
  CHECK_EQUAL(a, 0x12345678);
  FLAGS(CF | ZF, CF | ZF);
}

static void test_bits(void) {
  uint32_t area[8] = {0};
  area[1] = 0x10; /* bit 36 of the whole */
  RUN("bsfl %%ecx, %%eax", 0x55, 0, 0, 0);
  FLAGS(ZF, ZF);
  RUN("bsfl %%ecx, %%eax", 0, 0x00f00000, 0, ZF);
  CHECK_EQUAL(a, 20);
  FLAGS(ZF, 0);
  RUN("bsrl %%ecx, %%eax", 0x55, 0, 0, 0);
  FLAGS(ZF, ZF);
  RUN("bsrl %%ecx, %%eax", 0, 0x00f00000, 0, ZF);
  CHECK_EQUAL(a, 23);
  RUN("btl %%ecx, %%eax", 0x80000000, 63, 0, 0);
  FLAGS(CF, CF);
  RUN("btsl %%ecx, %%eax", 0, 33, 0, CF);
  CHECK_EQUAL(a, 2);
  FLAGS(CF, 0);
  RUN("btrl $31, %%eax", 0xffffffff, 0, 0, 0);
  CHECK_EQUAL(a, 0x7fffffff);
  FLAGS(CF, CF);
  RUN("btcw %%cx, %%ax", 0, 17, 0, 0);
  CHECK_EQUAL(a, 2);
  /* With memory, a bit number reaches beyond the operand, to both sides. */
  RUN("btl %%ecx, (%%edx)", 0, 36, (uint32_t)(uintptr_t)area, 0);
  FLAGS(CF, CF);
  RUN("btcl %%ecx, (%%edx)", 0, (uint32_t)-28, (uint32_t)(uintptr_t)(area + 2), 0);
  CHECK_EQUAL(area[1], 0);
  FLAGS(CF, CF);
  RUN("lock btsl %%ecx, (%%edx)", 0, 255, (uint32_t)(uintptr_t)area, CF);
  CHECK_EQUAL(area[7], 0x80000000);
}

static void test_decimal(void) {
  RUN("daa", 0x9a, 0, 0, 0);
  CHECK_EQUAL(a, 0);
  FLAGS(CF | AF | ZF | PF | SF, CF | AF | ZF | PF);
  RUN("daa", 0x15, 0, 0, AF);
  CHECK_EQUAL(a, 0x1b);
  FLAGS(CF | AF, AF);
  RUN("das", 0x05, 0, 0, CF);
  CHECK_EQUAL(a, 0xa5);
  FLAGS(CF | SF | AF, CF | SF);
  RUN("das", 0x1f, 0, 0, 0);
  CHECK_EQUAL(a, 0x19);
  FLAGS(CF | AF, AF);
  RUN("aaa", 0x020f, 0, 0, 0);
  CHECK_EQUAL(a, 0x0305);
  FLAGS(CF | AF, CF | AF);
  RUN("aas", 0x0205, 0, 0, AF);
  CHECK_EQUAL(a, 0x000f);
  FLAGS(CF | AF, CF | AF);
  RUN("aam", 0x004f, 0, 0, 0);
  CHECK_EQUAL(a, 0x0709);
  FLAGS(ZF | SF | PF, PF);
  RUN("aam $16", 0x00ff, 0, 0, 0);
  CHECK_EQUAL(a, 0x0f0f);
  RUN("aad", 0x0709, 0, 0, 0);
  CHECK_EQUAL(a, 79);
  FLAGS(ZF | SF | PF, 0);
  RUN(".byte 0xd6" /* salc */, 0, 0, 0, CF);
  CHECK_EQUAL(a, 0xff);
}

static void test_flags(void) {
  RUN("lahf", 0, 0, 0, CF | PF | AF | ZF | SF | OF);
  CHECK_EQUAL(a, 0xd700);
  RUN("sahf", 0x4100, 0, 0, PF | SF | AF | OF);
  FLAGS(ARITHMETIC, CF | ZF | OF);
  RUN("cmc", 0, 0, 0, 0);
  FLAGS(CF, CF);
  RUN("seto %%al\n\tsetbe %%cl\n\tsetl %%dl", 0, 0, 0, OF | CF);
  CHECK(a == 1 && c == 1 && d == 1);
  RUN("cmovs %%ecx, %%eax\n\tcmovns %%ecx, %%edx", 1, 2, 3, SF);
  CHECK(a == 2 && d == 3);
  RUN("cwtl\n\tcltd", 0x8000, 0, 0, 0);
  CHECK(a == 0xffff8000 && d == 0xffffffff);
  RUN("movsbl %%cl, %%eax\n\tmovzwl %%cx, %%edx", 0, 0x1ff80, 0, 0);
  CHECK(a == 0xffffff80 && d == 0xff80);
  /* What user mode may change of the flags: ID, AC, NT, DF; and may not: IF, IOPL. */
  RUN("nop", 0, 0, 0, 0x200000);
  FLAGS(0x200200, 0x200200);
  RUN("nop", 0, 0, 0, 0x3000);
  FLAGS(0x3200, 0x200);
  RUN("pushfw\n\tpopl %%eax\n\tpushl %%eax\n\tpopfw", 0, 0, 0, CF);
  __asm__ volatile("pushl $0x202\n\tpopfl" : : : "cc");
}

static void test_stack_frames(void) {
  uint32_t result[3];
  /* enter with nesting: pushes the outer frame pointers. */
  __asm__ volatile(
      "pushl %%ebp\n\tmovl %%esp, %%ebp\n\tpushl $0x1111\n\tenter $16, $2\n\t"
      "movl -4(%%ebp), %%eax\n\tmovl %%ebp, %%ecx\n\tsubl %%esp, %%ecx\n\tmovl (%%ebp), %%edx\n\tsubl %%ebp, %%edx\n\t"
      "leave\n\tpopl (%%esi)\n\tpopl %%ebp\n\tmovl %%eax, %%eax"
      : "=a"(result[0]), "=c"(result[1]), "=d"(result[2])
      : "S"(&a)
      : "memory", "cc");
  CHECK_EQUAL(a, 0x1111);
  CHECK_EQUAL(result[1], 24);
  CHECK_EQUAL(result[2], 8);
  /* push of the stack pointer stores what it was before; pop into it wins over the increment. */
  __asm__ volatile("movl %%esp, %%ecx\n\tpushl %%esp\n\tpopl %%eax\n\tsubl %%ecx, %%eax"
                   : "=a"(result[0])
                   :
                   : "ecx", "cc");
  CHECK_EQUAL(result[0], 0);
  __asm__ volatile(
      "movl %%esp, %%ecx\n\tpushl $0x77\n\tmovl %%esp, %%edx\n\tpushl %%edx\n\tpopl %%esp\n\tpopl %%eax\n\tmovl %%ecx, "
      "%%esp"
      : "=a"(result[0])
      :
      : "ecx", "edx", "memory");
  CHECK_EQUAL(result[0], 0x77);
  __asm__ volatile("pushw $0x1234\n\tpushw $0x5678\n\tpopl %0" : "=r"(result[0]) : : "memory");
  CHECK_EQUAL(result[0], 0x12345678);
}

static void test_traps(void) {
  static int32_t bounds[2] = {-5, 5};
  catch_all();
  CHECK_EQUAL(CATCH(__asm__ volatile("addl %0, %0\n\tinto" : : "r"(0x40000000) : "cc")), SIGSEGV);
  CHECK_EQUAL(CATCH(__asm__ volatile("addl %0, %0\n\tinto" : : "r"(0x10000000) : "cc")), 0);
  CHECK_EQUAL(CATCH(__asm__ volatile("bound %0, (%1)" : : "r"(5), "r"(bounds) : "memory")), 0);
}

static void test_wide_exchange(void) {
  static uint64_t cell = 0x1111111122222222ull;
  uint64_t old = 5;
  uint8_t equal;
  __asm__ volatile("cmpxchg8b %1\n\tsetz %0" : "=q"(equal), "+m"(cell), "+A"(old) : "b"(7), "c"(8) : "cc");
  CHECK(!equal && old == 0x1111111122222222ull && cell == old);
  __asm__ volatile("lock cmpxchg8b %1\n\tsetz %0" : "=q"(equal), "+m"(cell), "+A"(old) : "b"(7), "c"(8) : "cc");
  CHECK(equal && cell == 0x800000007ull);
}

int main(void) {
  test_add_subtract();
  test_multiply_divide();
  test_shifts();
  test_bits();
  test_decimal();
  test_flags();
  test_stack_frames();
  test_traps();
  test_wide_exchange();
  return finish("integers");
}
