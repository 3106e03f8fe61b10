/* REP string instructions: over page borders, both directions, interrupted by timers, with faults in the middle. */
#include "check.h"

#include <sys/time.h>

#define STRING(name, instruction)                                                                         \
  static UNUSED void name(void* to, const void* from, uint32_t count) {                                   \
    __asm__ volatile(instruction : "+D"(to), "+S"(from), "+c"(count) : "a"(0x11223344) : "memory", "cc"); \
  }

STRING(move_bytes, "rep movsb")
STRING(move_words, "rep movsw")
STRING(move_dwords, "rep movsl")
STRING(move_bytes_down, "std\n\trep movsb\n\tcld")
STRING(move_words_down, "std\n\trep movsw\n\tcld")
STRING(move_dwords_down, "std\n\trep movsl\n\tcld")
STRING(store_bytes, "rep stosb")
STRING(store_words, "rep stosw")
STRING(store_dwords, "rep stosl")
STRING(store_dwords_down, "std\n\trep stosl\n\tcld")

typedef void (*string_function)(void*, const void*, uint32_t);

static void fill(unsigned char* at, uint32_t size) {
  uint32_t value = 1;
  for (uint32_t i = 0; i < size; i++) at[i] = (unsigned char)((value = value * 1664525u + 1013904223u) >> 24);
}

/* What the instruction must do, one element after the other. */
static void model(unsigned char* to, const unsigned char* from, uint32_t count, int width, int down) {
  for (uint32_t i = 0; i < count; i++) {
    int offset = (int)i * width * (down ? -1 : 1);
    unsigned char element[4];
    memcpy(element, from + offset, (size_t)width);
    memcpy(to + offset, element, (size_t)width);
  }
}

static void test_moves(void) {
  static const struct {
    string_function run;
    int width, down;
  } cases[] = {{move_bytes, 1, 0},      {move_words, 2, 0},      {move_dwords, 4, 0},
               {move_bytes_down, 1, 1}, {move_words_down, 2, 1}, {move_dwords_down, 4, 1}};
  static const int offsets[] = {0, 1, 2, 3, 4095, 4093};
  unsigned char *area = pages(8, PROT_READ | PROT_WRITE), *copy = pages(8, PROT_READ | PROT_WRITE);
  for (unsigned i = 0; i < 6; i++) {
    for (unsigned from = 0; from < 6; from++) {
      for (unsigned to = 0; to < 6; to++) {
        uint32_t count = (from + to) % 3 == 0 ? 5000 / (unsigned)cases[i].width : 7 + from;
        uint32_t first = cases[i].down ? 2 * PAGE : 0, second = 4 * PAGE + first;
        fill(area, 8 * PAGE);
        memcpy(copy, area, 8 * PAGE);
        cases[i].run(area + second + offsets[to], area + first + offsets[from], count);
        model(copy + second + offsets[to], copy + first + offsets[from], count, cases[i].width, cases[i].down);
        if (memcmp(area, copy, 8 * PAGE) != 0) fail("moving %d bytes each, case %u %u", cases[i].width, from, to);
      }
    }
  }
  /* Overlapping: a pattern is repeated rather than moved. */
  fill(area, PAGE);
  memcpy(copy, area, PAGE);
  move_bytes(area + PAGE - 97, area + PAGE - 100, 3000);
  model(copy + PAGE - 97, copy + PAGE - 100, 3000, 1, 0);
  CHECK(memcmp(area, copy, 2 * PAGE) == 0);
  move_dwords(area + PAGE - 62, area + PAGE - 64, 600);
  model(copy + PAGE - 62, copy + PAGE - 64, 600, 4, 0);
  CHECK(memcmp(area, copy, 2 * PAGE) == 0);
  munmap(area, 8 * PAGE);
  munmap(copy, 8 * PAGE);
}

static void test_stores(void) {
  unsigned char* area = pages(4, PROT_READ | PROT_WRITE);
  store_bytes(area + 4090, NULL, 20);
  CHECK(area[4089] == 0 && area[4090] == 0x44 && area[4109] == 0x44 && area[4110] == 0);
  store_words(area + 4095, NULL, 2);
  CHECK(area[4095] == 0x44 && area[4096] == 0x33 && area[4097] == 0x44 && area[4098] == 0x33);
  store_dwords(area + 8190, NULL, 1000);
  CHECK(area[8190] == 0x44 && area[8193] == 0x11 && area[12186] == 0x44 && area[12189] == 0x11 && area[12190] == 0);
  store_dwords_down(area + 8191, NULL, 3);
  CHECK(area[8191] == 0x44 && area[8187] == 0x44 && area[8183] == 0x44 && area[8182] == 0);
}

static void test_scans(void) {
  unsigned char *area = pages(4, PROT_READ | PROT_WRITE), *copy = pages(4, PROT_READ | PROT_WRITE);
  uint32_t count, flags;
  void *at, *other;
  memset(area, 'a', 4 * PAGE);
  area[9000] = 'b';
#define SCAN(instruction, from, with, number)                         \
  at = (from), other = (with), count = (number);                      \
  __asm__ volatile(instruction "\n\tpushfl\n\tpopl %3\n\tcld"         \
                   : "+D"(at), "+S"(other), "+c"(count), "=&r"(flags) \
                   : "a"('b')                                         \
                   : "memory", "cc")
  SCAN("repne scasb", area, NULL, 4 * PAGE);
  CHECK_EQUAL((unsigned char*)at - area, 9001);
  CHECK_EQUAL(count, 4 * PAGE - 9001);
  CHECK(flags & 0x40);
  SCAN("std\n\trepne scasb", area + 4 * PAGE - 1, NULL, 4 * PAGE);
  CHECK_EQUAL((unsigned char*)at - area, 8999);
  SCAN("repe scasb", area + 9000, NULL, 100);
  CHECK_EQUAL(count, 98);
  CHECK(!(flags & 0x40));
  /* Nothing to scan: nothing changes, flags neither. */
  SCAN("cmpl %%eax, %%eax\n\trepne scasb", area, NULL, 0);
  CHECK((flags & 0x40) && at == area);
  memcpy(copy, area, 4 * PAGE);
  SCAN("repe cmpsb", area, copy, 4 * PAGE);
  CHECK((flags & 0x40) && count == 0);
  copy[10001] = 'z';
  SCAN("repe cmpsl", area, copy, PAGE);
  CHECK_EQUAL(count, PAGE - 2501);
  CHECK(!(flags & 0x40) && !(flags & 1)); /* 'z' > 'a': copy (ESI) minus area (EDI) is positive */
  SCAN("repe cmpsw", area + 3, copy + 3, 8000);
  CHECK_EQUAL(count, 8000 - 5000);
  SCAN("std\n\trepe cmpsb", area + 4 * PAGE - 1, copy + 4 * PAGE - 1, 4 * PAGE);
  CHECK_EQUAL((unsigned char*)other - copy, 10000);
  uint32_t last = 0;
  other = area + 8998;
  count = 3;
  __asm__ volatile("rep lodsb" : "+a"(last), "+S"(other), "+c"(count) : : "memory");
  CHECK_EQUAL(last, 'b');
  munmap(area, 4 * PAGE);
  munmap(copy, 4 * PAGE);
}

static volatile int ticks;

static void tick(int number UNUSED, siginfo_t* info UNUSED, void* context) {
  ucontext_t* user = context;
  ticks++;
  /* Inside a REP instruction the direction flag of the handler is clear all the same. */
  uint32_t flags;
  __asm__ volatile("pushfl\n\tpopl %0" : "=r"(flags));
  if (flags & 0x400) user->uc_mcontext.gregs[REG_EAX] = 0xdead;
}

/* Many megabytes a single instruction, with a timer ticking: most ticks arrive inside one. */
static void test_interrupted(void) {
  enum { SIZE = 8 << 20 };
  static const struct itimerval every = {{0, 1000}, {0, 1000}}, never;
  unsigned char* from = pages(SIZE / PAGE + 1, PROT_READ | PROT_WRITE);
  unsigned char* to = pages(SIZE / PAGE + 1, PROT_READ | PROT_WRITE);
  uint32_t count, flags;
  void *at, *other;
  fill(from, SIZE);
  handle(SIGALRM, tick, SA_RESTART);
  setitimer(ITIMER_REAL, &every, NULL);
  for (int round = 0; round < 3; round++) {
    move_bytes(to + 1, from, SIZE);
    CHECK(memcmp(to + 1, from, SIZE) == 0);
    move_dwords(to, from + 2, SIZE / 4);
    CHECK(memcmp(to, from + 2, SIZE) == 0);
    move_words_down(to + SIZE - 2, from + SIZE - 2, SIZE / 2);
    SCAN("repe cmpsl", to, from, SIZE / 4);
    CHECK(count == 0 && (flags & 0x40));
    store_dwords(to, NULL, SIZE / 4);
    CHECK(to[SIZE - 1] == 0x11 && to[SIZE - 4] == 0x44 && to[SIZE] == from[SIZE - 1]);
    SCAN("repne scasb", to, NULL, SIZE); /* there is no 'b' in the pattern */
    CHECK(count == 0 && !(flags & 0x40));
    store_bytes(to, NULL, SIZE);
    SCAN("std\n\trepne scasb", to + SIZE - 1, NULL, SIZE);
    CHECK(count == 0 && !(flags & 0x40));
  }
  setitimer(ITIMER_REAL, &never, NULL);
  CHECK(ticks > 0);
  munmap(from, SIZE + PAGE);
  munmap(to, SIZE + PAGE);
}

static volatile uint32_t fault_edi, fault_esi, fault_ecx;
static volatile int faults;

static void repair(int number UNUSED, siginfo_t* info, void* context) {
  greg_t* registers = ((ucontext_t*)context)->uc_mcontext.gregs;
  caught_address = (uint32_t)(uintptr_t)info->si_addr;
  fault_edi = (uint32_t)registers[REG_EDI];
  fault_esi = (uint32_t)registers[REG_ESI];
  fault_ecx = (uint32_t)registers[REG_ECX];
  if (++faults > 100) _exit(3);
  mprotect((void*)(uintptr_t)(caught_address & ~(PAGE - 1)), PAGE, PROT_READ | PROT_WRITE);
}

/* A page missing in the middle: the registers tell how far it got, and after repair it goes on from there. */
static void test_faults(void) {
  unsigned char *from = pages(4, PROT_READ | PROT_WRITE), *to = pages(4, PROT_READ | PROT_WRITE);
  uint32_t from_at = (uint32_t)(uintptr_t)from, to_at = (uint32_t)(uintptr_t)to;
  handle(SIGSEGV, repair, 0);
  fill(from, 4 * PAGE);
  mprotect(to + 2 * PAGE, PAGE, PROT_NONE);
  move_dwords(to, from, PAGE);
  CHECK_EQUAL(caught_address, to_at + 2 * PAGE);
  CHECK_EQUAL(fault_edi, to_at + 2 * PAGE);
  CHECK_EQUAL(fault_esi, from_at + 2 * PAGE);
  CHECK_EQUAL(fault_ecx, PAGE / 2);
  CHECK(memcmp(to, from, 4 * PAGE) == 0);
  /* Reading, downwards, bytes. */
  memset(to, 0, 4 * PAGE);
  mprotect(from + PAGE, PAGE, PROT_NONE);
  move_bytes_down(to + 4 * PAGE - 1, from + 4 * PAGE - 1, 4 * PAGE);
  CHECK_EQUAL(caught_address, from_at + 2 * PAGE - 1);
  CHECK_EQUAL(fault_esi, from_at + 2 * PAGE - 1);
  CHECK_EQUAL(fault_ecx, 2 * PAGE);
  CHECK(memcmp(to, from, 4 * PAGE) == 0);
  /* An element that lies on both sides of the border. */
  mprotect(to + 3 * PAGE, PAGE, PROT_READ);
  move_dwords(to + 2, from + 1, PAGE - 2);
  CHECK_EQUAL(caught_address, to_at + 3 * PAGE);
  CHECK_EQUAL(fault_edi, to_at + 3 * PAGE - 2);
  CHECK_EQUAL(fault_ecx, PAGE - 2 - (3 * PAGE - 4) / 4);
  CHECK(memcmp(to + 2, from + 1, 4 * (PAGE - 2)) == 0);
  mprotect(to + PAGE, PAGE, PROT_READ);
  store_bytes(to + 5, NULL, 2 * PAGE);
  CHECK_EQUAL(fault_edi, to_at + PAGE);
  CHECK_EQUAL(fault_ecx, PAGE + 5);
  /* Scanning and comparing. */
  memset(from, 'a', 4 * PAGE);
  from[3 * PAGE] = 'b';
  uint32_t count, flags;
  void *at, *other;
  mprotect(from + PAGE, PAGE, PROT_NONE);
  SCAN("repne scasb", from, NULL, 4 * PAGE);
  CHECK_EQUAL(fault_ecx, 3 * PAGE);
  CHECK_EQUAL((unsigned char*)at - from, 3 * PAGE + 1);
  memcpy(to, from, 4 * PAGE);
  mprotect(to + 2 * PAGE, PAGE, PROT_NONE);
  SCAN("repe cmpsw", from, to, 2 * PAGE);
  CHECK(count == 0 && (flags & 0x40));
  CHECK_EQUAL(fault_ecx, PAGE);
  CHECK_EQUAL(faults, 6);
}

int main(void) {
  test_moves();
  test_stores();
  test_scans();
  test_interrupted();
  test_faults();
  return finish("strings");
}
