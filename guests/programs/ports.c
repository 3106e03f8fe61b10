/*
 * Port input and output from user space, as root with iopl and ioperm: CMOS clock, timer, speaker port, string
 * instructions. Touches nothing that the kernel needs. (The kernel grants ports by the TSS's bitmap, iopl included, and
 * keeps the processor's own privilege level at 0.)
 */
#include "check.h"

#include <errno.h>
#include <sys/io.h>
#include <time.h>

enum { CMOS = 0x70, TIMER = 0x40, CONTROL = 0x61, DELAY = 0x80, NOBODY = 0x2f0 };

static uint8_t cmos(uint8_t number) {
  outb(number, CMOS);
  return inb(CMOS + 1);
}

/* Seconds and minutes are two decimal digits each, and go on. */
static void test_clock(void) {
  uint8_t first = cmos(0);
  CHECK((first & 15) <= 9 && first >> 4 <= 5);
  CHECK((cmos(2) & 15) <= 9 && cmos(2) >> 4 <= 5);
  CHECK((cmos(4) & 0x7f) <= 0x23);
  for (int i = 0; i < 300 && cmos(0) == first; i++) usleep(10000);
  CHECK(cmos(0) != first);
}

/* Channel 2, which nobody else uses: counts down while its gate is open, and shows its end in port 0x61. */
static void test_timer(void) {
  uint8_t control = inb(CONTROL);
  outb((control & ~2) | 1, CONTROL); /* gate open, speaker off */
  outb(0xb0, TIMER + 3);             /* channel 2, both bytes, mode 0 */
  outb(0x00, TIMER + 2);
  outb(0x20, TIMER + 2); /* 8192 ticks: 6.9 ms */
  CHECK(!(inb(CONTROL) & 0x20));
  outb(0x80, TIMER + 3); /* latch */
  unsigned low = inb(TIMER + 2), count = low | (unsigned)inb(TIMER + 2) << 8;
  CHECK(count <= 0x2000);
  int waited = 0;
  while (!(inb(CONTROL) & 0x20) && waited < 2000000) waited++;
  CHECK(waited < 2000000);
  outb(control, CONTROL);
}

static void test_strings(void) {
  uint8_t bytes[64], wanted;
  uint16_t words[64];
  uint32_t dwords[64], count;
  void* to;
  const void* from;
  for (int i = 0; i < 1000; i++) outb((uint8_t)i, DELAY);
#define IN(instruction, area, port)                                                       \
  to = (area), count = 64;                                                                \
  __asm__ volatile("cld\n\t" instruction : "+D"(to), "+c"(count) : "d"(port) : "memory"); \
  CHECK(count == 0 && to == (area) + 64)
#define OUT(instruction, area, port)                                                        \
  from = (area), count = 64;                                                                \
  __asm__ volatile("cld\n\t" instruction : "+S"(from), "+c"(count) : "d"(port) : "memory"); \
  CHECK(count == 0 && from == (area) + 64)
  /* The clock's register B: holds still. */
  outb(11, CMOS);
  wanted = inb(CMOS + 1);
  IN("rep insb", bytes, CMOS + 1);
  for (int i = 0; i < 64; i++) CHECK_EQUAL(bytes[i], wanted);
  /* Nobody answers: all ones. */
  IN("rep insw", words, NOBODY);
  IN("rep insl", dwords, NOBODY);
  CHECK(words[0] == 0xffff && words[63] == 0xffff && dwords[0] == 0xffffffffu && dwords[63] == 0xffffffffu);
  OUT("rep outsb", bytes, DELAY);
  OUT("rep outsw", words, NOBODY);
  OUT("rep outsl", dwords, NOBODY);
}

static volatile int repairs;

static void repair(int number UNUSED, siginfo_t* info, void* context UNUSED) {
  if (++repairs > 9) _exit(3);
  mprotect((void*)((uintptr_t)info->si_addr & ~(uintptr_t)(PAGE - 1)), PAGE, PROT_READ | PROT_WRITE);
}

/* The page to be written is missing: the port is read once for each element all the same. */
static void test_faults(void) {
  uint8_t* area = pages(2, PROT_READ | PROT_WRITE);
  void* to = area + PAGE - 10;
  uint32_t count = 30;
  mprotect(area + PAGE, PAGE, PROT_NONE);
  handle(SIGSEGV, repair, 0);
  __asm__ volatile("rep insb" : "+D"(to), "+c"(count) : "d"(NOBODY) : "memory");
  CHECK(count == 0 && to == area + PAGE + 20 && repairs == 1);
  CHECK(area[PAGE - 11] == 0 && area[PAGE - 10] == 0xff && area[PAGE + 19] == 0xff && area[PAGE + 20] == 0);
}

static void test_permissions(void) {
  catch_all();
  CHECK(iopl(0) == 0);
  CHECK_EQUAL(CATCH(inb(DELAY)), SIGSEGV);
  CHECK_EQUAL(CATCH(__asm__ volatile("cli")), SIGSEGV);
  CHECK(ioperm(DELAY, 1, 1) == 0);
  CHECK_EQUAL(CATCH(outb(1, DELAY)), 0);
  CHECK_EQUAL(CATCH(outw(1, DELAY)), SIGSEGV); /* reaches into the next port */
  CHECK_EQUAL(CATCH(outb(1, DELAY + 1)), SIGSEGV);
  CHECK(ioperm(DELAY, 1, 0) == 0);
  CHECK_EQUAL(CATCH(outb(1, DELAY)), SIGSEGV);
}

int main(void) {
  if (iopl(3) != 0) {
    fail("iopl: %s", strerror(errno));
    return finish("ports");
  }
  test_clock();
  test_timer();
  test_strings();
  test_faults();
  test_permissions();
  return finish("ports");
}
