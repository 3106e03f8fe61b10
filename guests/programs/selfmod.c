/* Code that changes: its own page, other pages, through another mapping, by the kernel, and again and again. */
#include "check.h"

#include <sys/wait.h>

typedef uint32_t (*function)(void);

#define RWX (PROT_READ | PROT_WRITE | PROT_EXEC)

/* mov eax, value; ret */
static void write_constant(unsigned char* at, uint32_t value) {
  at[0] = 0xb8;
  memcpy(at + 1, &value, 4);
  at[5] = 0xc3;
}

static uint32_t call(void* code) { return ((function)code)(); }

static NOINLINE uint32_t call_often(void* code, unsigned times) {
  uint32_t sum = 0;
  for (unsigned i = 0; i < times; i++) sum += call(code);
  return sum;
}

static void serialize(void) {
  uint32_t a = 0, b, c, d;
  __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
}

/* Cold code, patched before every call; then hot code, patched now and then. */
static void test_other_page(void) {
  unsigned char* code = pages(1, RWX);
  for (uint32_t i = 0; i < 3000; i++) {
    write_constant(code + 64 * (i % 8), i * 7);
    CHECK_EQUAL(call(code + 64 * (i % 8)), i * 7);
  }
  for (uint32_t round = 0; round < 12; round++) {
    write_constant(code, round);
    CHECK_EQUAL(call_often(code, 30000), 30000 * round);
  }
  for (uint32_t round = 0; round < 12; round++) {
    code[1] = (unsigned char)(round + 1); /* one byte of the operand */
    CHECK_EQUAL(call_often(code, 10000), 10000 * (round + 1));
  }
}

/* A loop that counts up the operand of an instruction in its own page:
 *   xor eax, eax; mov ecx, n; L: add eax, 0 (imm32); inc dword [L + 1]; dec ecx; jnz L; ret */
static void test_same_page(void) {
  unsigned char* code = pages(1, RWX);
  static const unsigned char text[] = {0x31, 0xc0, 0xb9, 0, 0, 0, 0, 0x05, 0,    0,    0,
                                       0,    0xff, 0x05, 0, 0, 0, 0, 0x49, 0x75, 0xf2, 0xc3};
  uint32_t rounds[] = {10, 1000, 100000};
  for (unsigned i = 0; i < 3; i++) {
    uint32_t operand = (uint32_t)(uintptr_t)(code + 8), n = rounds[i];
    memcpy(code, text, sizeof text);
    memcpy(code + 3, &n, 4);
    memcpy(code + 14, &operand, 4);
    CHECK_EQUAL(call(code), n * (n - 1) / 2);
  }
}

/* The store patches the very next instruction:
 *   mov [P], ecx (the operand of what follows); P - 1: mov eax, imm32; ret */
static void test_next_instruction(void) {
  unsigned char* code = pages(1, RWX);
  uint32_t operand = (uint32_t)(uintptr_t)(code + 7), bad = 0;
  code[0] = 0x89;
  code[1] = 0x0d;
  memcpy(code + 2, &operand, 4);
  write_constant(code + 6, 0);
  for (uint32_t i = 1; i <= 20000; i++) {
    uint32_t result;
    __asm__ volatile("call *%2" : "=a"(result) : "c"(i * 3), "r"(code) : "edx", "memory");
    if (result != i * 3) bad++;
  }
  CHECK_EQUAL(bad, 0);
}

/* The code is written through one mapping and run through another. */
static void test_alias(void) {
  int file = memfd_create("selfmod", 0);
  CHECK(file >= 0 && ftruncate(file, 2 * PAGE) == 0);
  unsigned char* data = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  unsigned char* code = mmap(NULL, 2 * PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, file, 0);
  for (uint32_t round = 0; round < 40; round++) {
    write_constant(data + PAGE - 3, round); /* over the border of two pages */
    serialize();
    CHECK_EQUAL(call_often(code + PAGE - 3, round % 2 ? 20000 : 1), round * (round % 2 ? 20000 : 1));
  }
  /* The kernel writes it: through its own mapping of all memory. */
  for (uint32_t round = 0; round < 20; round++) {
    unsigned char text[6];
    write_constant(text, round + 100);
    CHECK_EQUAL(pwrite(file, text, sizeof text, 256), sizeof text);
    CHECK_EQUAL(call_often(code + 256, 5000), 5000 * (round + 100));
  }
}

/* As a just-in-time compiler does it: never writable and executable at once; also new pages at an old address. */
static void test_just_in_time(void) {
  unsigned char* code = pages(2, PROT_READ | PROT_WRITE);
  for (uint32_t round = 0; round < 60; round++) {
    mprotect(code, 2 * PAGE, PROT_READ | PROT_WRITE);
    unsigned char* at = code;
    *at++ = 0x31; /* xor eax, eax */
    *at++ = 0xc0;
    for (uint32_t i = 0; i < 20 * round; i++) {
      *at++ = 0x83; /* add eax, round */
      *at++ = 0xc0;
      *at++ = (unsigned char)round;
    }
    *at = 0xc3;
    mprotect(code, 2 * PAGE, PROT_READ | PROT_EXEC);
    CHECK_EQUAL(call_often(code, 50), 50 * 20 * round * round);
  }
  for (uint32_t round = 0; round < 30; round++) {
    munmap(code, 2 * PAGE);
    void* again = mmap(code, 2 * PAGE, RWX, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(again == code);
    write_constant(code, round);
    CHECK_EQUAL(call_often(code, 3000), 3000 * round);
  }
}

/* Patched by string instructions. */
static void test_string_store(void) {
  unsigned char *code = pages(2, RWX), text[16];
  for (uint32_t round = 0; round < 40; round++) {
    unsigned char* to = code + PAGE - 8;
    memset(text, 0x90, sizeof text);
    write_constant(text + 10, round);
    const void* from = text;
    uint32_t count = sizeof text;
    __asm__ volatile("rep movsb" : "+S"(from), "+D"(to), "+c"(count) : : "memory");
    CHECK_EQUAL(call_often(code + PAGE - 8, 2000), 2000 * round);
  }
}

/* A child that patches its copy changes nothing for its parent. */
static void test_fork(void) {
  unsigned char* code = pages(1, RWX);
  int status;
  write_constant(code, 5);
  CHECK_EQUAL(call_often(code, 20000), 100000);
  pid_t child = fork();
  if (child == 0) {
    write_constant(code, 6);
    _exit(call_often(code, 20000) == 120000 ? 9 : 1);
  }
  CHECK_EQUAL(call_often(code, 20000), 100000);
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 9);
  CHECK_EQUAL(call_often(code, 20000), 100000);
}

int main(void) {
  test_other_page();
  test_same_page();
  test_next_instruction();
  test_alias();
  test_just_in_time();
  test_string_store();
  test_fork();
  return finish("selfmod");
}
