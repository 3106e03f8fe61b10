/* Segment registers: own descriptors in the LDT and the GDT, limits, far calls, 16-bit code, bad selectors. */
#include "check.h"

#include <asm/ldt.h>
#include <sys/syscall.h>

enum { DATA = 0, STACK = 1, CODE = 2 };

/* Writes an LDT entry. `limit` is in bytes. Returns its selector. */
static uint16_t set_ldt(unsigned number, void* base, uint32_t limit, int contents, int wide, int absent) {
  struct user_desc entry;
  memset(&entry, 0, sizeof entry);
  entry.entry_number = number;
  entry.base_addr = (unsigned)(uintptr_t)base;
  entry.limit = limit;
  entry.seg_32bit = wide != 0;
  entry.contents = (unsigned)contents & 3;
  entry.seg_not_present = absent != 0;
  entry.useable = 1;
  if (syscall(SYS_modify_ldt, 0x11, &entry, sizeof entry) != 0) fail("modify_ldt failed for entry %u", number);
  return (uint16_t)(number << 3 | 7);
}

static uint32_t load_fs(uint16_t selector, uint32_t offset) {
  uint32_t value;
  __asm__ volatile("movw %1, %%fs\n\tmovl %%fs:(%2), %0\n\t" : "=r"(value) : "r"(selector), "r"(offset) : "memory");
  return value;
}

static void test_data_segments(void) {
  static uint32_t area[64];
  for (uint32_t i = 0; i < 64; i++) area[i] = i * 0x1010101u;
  uint16_t low = set_ldt(0, area, 99, DATA, 1, 0), high = set_ldt(1, area, 31, STACK, 1, 0); /* expands down */
  uint16_t absent = set_ldt(2, area, 99, DATA, 1, 1);
  catch_all();
  CHECK_EQUAL(load_fs(low, 40), area[10]);
  CHECK_EQUAL(load_fs(low, 96), area[24]);
  CHECK_EQUAL(load_fs(high, 32), area[8]);
  CHECK_EQUAL(CATCH(load_fs(absent, 0)), SIGBUS); /* segment not present */
  CHECK_EQUAL(CATCH(load_fs(0x0fff, 0)), SIGSEGV);
  CHECK_EQUAL(CATCH(load_fs(0x8, 0)), SIGSEGV);
  CHECK_EQUAL(CATCH(load_fs(0, 0)), SIGSEGV); /* the null selector loads, but cannot be used */
  CHECK_EQUAL(CATCH(__asm__ volatile("movw %0, %%ss" : : "r"((uint16_t)0))), SIGSEGV);
  /* Other ways to load one. */
  uint32_t value;
  struct {
    uint32_t offset;
    uint16_t selector;
  } __attribute__((packed)) pointer = {16, low};
  __asm__ volatile("lfs %1, %0\n\tmovl %%fs:(%0), %0" : "=&r"(value) : "m"(pointer));
  CHECK_EQUAL(value, area[4]);
  __asm__ volatile("pushw %%es\n\tles (%1), %0\n\tmovl %%es:(%0), %0\n\tpopw %%es"
                   : "=&r"(value)
                   : "r"(&pointer)
                   : "memory");
  CHECK_EQUAL(value, area[4]);
  __asm__ volatile("pushl %%ds\n\tlds (%1), %0\n\tmovl (%0), %0\n\tpopl %%ds"
                   : "=&r"(value)
                   : "r"(&pointer)
                   : "memory");
  CHECK_EQUAL(value, area[4]);
  __asm__ volatile("pushl %1\n\tpopl %%fs\n\tpushl %%fs\n\tpopl %0" : "=r"(value) : "r"((uint32_t)low));
  CHECK_EQUAL(value & 0xffff, low);
  /* A string instruction with ES elsewhere, and with 16-bit addresses. */
  uint32_t copy[4] = {0}, count = 4;
  const void* from = (void*)8;
  void* to = copy;
  __asm__ volatile("movw %3, %%fs\n\trep movsl %%fs:(%%esi), %%es:(%%edi)"
                   : "+S"(from), "+D"(to), "+c"(count)
                   : "r"(low)
                   : "memory");
  CHECK(memcmp(copy, area + 2, 16) == 0);
  from = (void*)0x70008, to = (void*)0x90040, count = 0x50004;
  __asm__ volatile(
      "pushl %%ds\n\tpushl %%es\n\tmovw %w3, %%ds\n\tmovw %w3, %%es\n\taddr16 rep movsl\n\tpopl %%es\n\tpopl %%ds"
      : "+S"(from), "+D"(to), "+c"(count)
      : "a"(low)
      : "memory");
  CHECK_EQUAL(area[16], 2 * 0x1010101u);
  CHECK_EQUAL(area[19], 5 * 0x1010101u);
  CHECK_EQUAL(count, 0x50000);
  CHECK_EQUAL((uintptr_t)from, 0x70018);
  /* A segment that may only be read. */
  struct user_desc entry = {
      .entry_number = 3, .base_addr = (unsigned)(uintptr_t)area, .limit = 99, .seg_32bit = 1, .read_exec_only = 1};
  syscall(SYS_modify_ldt, 0x11, &entry, sizeof entry);
  CHECK_EQUAL(load_fs(0x1f, 4), area[1]);
  __asm__ volatile("movw %0, %%fs" : : "r"((uint16_t)0));
}

static void test_queries(void) {
  uint16_t code, data;
  uint32_t result = 0;
  uint8_t ok;
  __asm__("movw %%cs, %0\n\tmovw %%ds, %1" : "=r"(code), "=r"(data));
  uint16_t low = set_ldt(4, NULL, 0x1234, DATA, 1, 0);
  __asm__ volatile("lsll %2, %0\n\tsetz %1" : "=r"(result), "=q"(ok) : "r"((uint32_t)low) : "cc");
  CHECK(ok && result == 0x1234);
  __asm__ volatile("larl %2, %0\n\tsetz %1" : "=r"(result), "=q"(ok) : "r"((uint32_t)low) : "cc");
  CHECK(ok && (result & 0xfe00) == 0xf200);
  __asm__ volatile("lsll %2, %0\n\tsetz %1" : "=r"(result), "=q"(ok) : "r"((uint32_t)data) : "cc");
  CHECK(ok && result == 0xffffffffu);
  result = 55;
  __asm__ volatile("larl %2, %0\n\tsetz %1" : "+r"(result), "=q"(ok) : "r"(0xfff0u) : "cc");
  CHECK(!ok && result == 55);
#define VERIFY(instruction, selector)                                                               \
  ({                                                                                                \
    uint8_t ok_;                                                                                    \
    __asm__ volatile(instruction " %w1\n\tsetz %0" : "=q"(ok_) : "r"((uint32_t)(selector)) : "cc"); \
    ok_;                                                                                            \
  })
  CHECK(VERIFY("verr", code) && !VERIFY("verw", code) && VERIFY("verw", data) && VERIFY("verr", low));
  CHECK(!VERIFY("verr", 0) && !VERIFY("verr", 8) && !VERIFY("verw", 0xfff8));
  uint16_t selector = 0x50;
  __asm__ volatile("arpl %1, %0\n\tsetz %2" : "+r"(selector), "=r"(data), "=q"(ok) : "1"((uint16_t)3) : "cc");
  CHECK(ok && selector == 0x53);
}

/* A descriptor of our own in the GDT, which the kernel swaps with every thread. */
static void test_thread_area(void) {
  static uint32_t area[2] = {0x600df00d, 7};
  struct user_desc entry;
  memset(&entry, 0, sizeof entry);
  entry.entry_number = (unsigned)-1;
  entry.base_addr = (unsigned)(uintptr_t)area;
  entry.limit = 0xfffff;
  entry.limit_in_pages = 1;
  entry.seg_32bit = 1;
  entry.useable = 1;
  CHECK(syscall(SYS_set_thread_area, &entry) == 0);
  uint16_t selector = (uint16_t)(entry.entry_number << 3 | 3);
  for (int i = 0; i < 200; i++) {
    usleep(i % 50 == 0 ? 1000 : 0);
    CHECK_EQUAL(load_fs(selector, 0), 0x600df00d);
  }
  /* The segment wraps around at 4 GB. */
  CHECK_EQUAL(load_fs(selector, 4), 7);
  __asm__ volatile("movw %0, %%fs" : : "r"((uint16_t)0));
}

/* Far calls: to 32-bit code with a base of its own, and to 16-bit code. */
static void test_far_calls(void) {
  unsigned char* code = pages(1, PROT_READ | PROT_WRITE | PROT_EXEC);
  static const unsigned char wide[] = {0xb8, 0x78, 0x56, 0x34,
                                       0x12, 0x0e, 0x5a, 0xcb}; /* mov eax, n; push cs; pop edx; retf */
  static const unsigned char narrow[] = {0xb8, 0x34, 0x12, 0x66, 0x05, 0,
                                         0,    1,    0,    0x66, 0xcb}; /* mov ax, n; add eax, 65536; retfd */
  memcpy(code + 16, wide, sizeof wide);
  memcpy(code + 64, narrow, sizeof narrow);
  struct {
    uint32_t offset;
    uint16_t selector;
  } __attribute__((packed)) target = {16, set_ldt(5, code, 0xfff, CODE, 1, 0)};
  uint32_t a, d;
  __asm__ volatile("lcall *%2" : "=a"(a), "=d"(d) : "m"(target) : "memory");
  CHECK_EQUAL(a, 0x12345678);
  CHECK_EQUAL(d & 0xffff, target.selector);
  target.offset = 64;
  target.selector = set_ldt(6, code, 0xfff, CODE, 0, 0);
  for (int i = 0; i < 1000; i++) {
    a = 0x55550000;
    __asm__ volatile("lcall *%1" : "+a"(a) : "m"(target) : "memory", "cc");
    CHECK_EQUAL(a, 0x55561234);
  }
  /* A far return to ourselves. */
  __asm__ volatile("pushl %%cs\n\tpushl $1f\n\tlret\n\tud2\n1:" : : : "memory");
  __asm__ volatile("pushfl\n\tpushl %%cs\n\tpushl $1f\n\tiretl\n\tud2\n1:" : : : "memory", "cc");
}

/* A stack segment of 16 bits: only SP counts. */
static void test_narrow_stack(void) {
  static uint32_t stack[64];
  uint16_t selector = set_ldt(7, stack, 255, DATA, 0, 0);
  uint32_t popped;
  __asm__ volatile(
      "movl %%esp, %%esi\n\tmovl %%ss, %%edi\n\tmovw %w1, %%ss\n\tmovl $0x70100, %%esp\n\t"
      "pushl $0x1234567\n\tpopl %0\n\tpushl %0\n\tmovw %%di, %%ss\n\tmovl %%esi, %%esp"
      : "=&r"(popped)
      : "r"((uint32_t)selector)
      : "esi", "edi", "memory");
  CHECK_EQUAL(popped, 0x1234567);
  CHECK_EQUAL(stack[63], 0x1234567);
}

int main(void) {
  test_data_segments();
  test_queries();
  test_thread_area();
  test_far_calls();
  test_narrow_stack();
  return finish("segments");
}
