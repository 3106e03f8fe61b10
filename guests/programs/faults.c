/* Page faults in user space: what the handler is told, that a retried instruction works, copy on write. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

static uint32_t repaired_page;
static volatile int repairs;

/* Makes the page of the faulting address accessible and lets the instruction run again. */
static void repair(int number UNUSED, siginfo_t* info, void* context UNUSED) {
  caught_address = (uint32_t)(uintptr_t)info->si_addr;
  caught_code = (uint32_t)info->si_code;
  repairs++;
  repaired_page = caught_address & ~(PAGE - 1);
  if (repairs > 1000 || mprotect((void*)(uintptr_t)repaired_page, PAGE, PROT_READ | PROT_WRITE) != 0) _exit(3);
}

static void test_addresses(void) {
  char* area = pages(4, PROT_READ | PROT_WRITE);
  munmap(area + PAGE, PAGE);
  mprotect(area + 2 * PAGE, PAGE, PROT_READ);
  mprotect(area + 3 * PAGE, PAGE, PROT_NONE);
  catch_all();
  CHECK_EQUAL(CATCH((void)*(volatile char*)(area + PAGE + 123)), SIGSEGV);
  CHECK_EQUAL(caught_address, (uintptr_t)area + PAGE + 123);
  CHECK_EQUAL(caught_code, SEGV_MAPERR);
  CHECK_EQUAL(CATCH(*(volatile int*)(area + 2 * PAGE + 8) = 1), SIGSEGV);
  CHECK_EQUAL(caught_address, (uintptr_t)area + 2 * PAGE + 8);
  CHECK_EQUAL(caught_code, SEGV_ACCERR);
  CHECK_EQUAL(*(volatile int*)(area + 2 * PAGE + 8), 0);
  CHECK_EQUAL(CATCH((void)*(volatile short*)(area + 3 * PAGE + 4094)), SIGSEGV);
  CHECK_EQUAL(caught_code, SEGV_ACCERR);
  CHECK_EQUAL(CATCH((void)*(volatile char*)16), SIGSEGV);
  CHECK_EQUAL(caught_address, 16);
  /* The kernel's own memory: there, but not for us. */
  CHECK_EQUAL(CATCH((void)*(volatile char*)0xffffe000u), SIGSEGV);
}

/* Accesses over the border into a guard page: reported at the border, and nothing written before it. */
static void test_guard_pages(void) {
  unsigned char* area = pages(3, PROT_READ | PROT_WRITE);
  mprotect(area, PAGE, PROT_NONE);
  mprotect(area + 2 * PAGE, PAGE, PROT_NONE);
  unsigned char* end = area + 2 * PAGE;
  catch_all();
  memset(area + PAGE, 0x5a, PAGE);
  for (unsigned inside = 1; inside <= 3; inside++) {
    CHECK_EQUAL(CATCH(*(volatile uint32_t*)(end - inside) = 0), SIGSEGV);
    CHECK_EQUAL(caught_address, (uintptr_t)end);
    CHECK_EQUAL(end[-1], 0x5a);
    CHECK_EQUAL(end[-(int)inside], 0x5a);
    CHECK_EQUAL(CATCH((void)*(volatile uint32_t*)(area + PAGE - inside)), SIGSEGV);
    CHECK_EQUAL(caught_address, (uintptr_t)area + PAGE - inside);
  }
  CHECK_EQUAL(CATCH(*(volatile uint32_t*)(end - 4) = 7), 0);
}

/* Instructions that read and write must take effect once, although they run twice. */
static void test_retry(void) {
  uint32_t* area = pages(2, PROT_READ | PROT_WRITE);
  uint32_t old = 5, *cell = area + PAGE / 4 - 1;
  handle(SIGSEGV, repair, 0);
  *area = 10;
  mprotect(area, PAGE, PROT_READ);
  __asm__ volatile("incl %0" : "+m"(*area));
  CHECK_EQUAL(*area, 11);
  mprotect(area, PAGE, PROT_READ);
  __asm__ volatile("lock xaddl %0, %1" : "+r"(old), "+m"(*area));
  CHECK_EQUAL(*area, 16);
  CHECK_EQUAL(old, 11);
  mprotect(area, PAGE, PROT_NONE);
  __asm__ volatile("addl $3, %0" : "+m"(*area));
  CHECK_EQUAL(*area, 19);
  /* Over a border with both pages to be repaired. */
  memset(area, 0, 2 * PAGE);
  mprotect(area, 2 * PAGE, PROT_READ);
  cell = (uint32_t*)((char*)cell + 2);
  __asm__ volatile("subl $1, %0" : "+m"(*cell));
  CHECK_EQUAL(*cell, 0xffffffffu);
  CHECK_EQUAL(repairs, 5);
}

/* Instructions that use the stack, with the stack pointer at a page that is not there. */
static void test_stack(void) {
  uint32_t *area = pages(2, PROT_READ | PROT_WRITE), *top = area + PAGE / 4;
  uint32_t popped, after_push, after_call;
  static char alternative[16384];
  stack_t stack = {.ss_sp = alternative, .ss_size = sizeof alternative};
  sigaltstack(&stack, NULL);
  handle(SIGSEGV, repair, SA_ONSTACK);
  repairs = 0;
  mprotect(area, PAGE, PROT_NONE);
  __asm__ volatile(
      "movl %%esp, %%esi\n\tmovl %3, %%esp\n\tpushl $0x1234\n\tmovl %%esp, %0\n\tpopl %1\n\t"
      "call 1f\n1:\tmovl %%esp, %2\n\tmovl %%esi, %%esp"
      : "=&r"(after_push), "=&r"(popped), "=&r"(after_call)
      : "r"(top)
      : "esi", "memory");
  CHECK_EQUAL(after_push, (uintptr_t)(top - 1));
  CHECK_EQUAL(popped, 0x1234);
  CHECK_EQUAL(after_call, (uintptr_t)(top - 1));
  CHECK_EQUAL(repairs, 1);
  mprotect(area, PAGE, PROT_NONE);
  __asm__ volatile("movl %%esp, %%esi\n\tmovl %0, %%esp\n\tpushal\n\tpopal\n\tmovl %%esi, %%esp"
                   :
                   : "r"(top + 4)
                   : "esi", "memory");
  CHECK_EQUAL(repairs, 2);
}

static void test_jump(void) {
  char* area = pages(1, PROT_NONE);
  catch_all();
  CHECK_EQUAL(CATCH(((void (*)(void))(void*)(area + 77))()), SIGSEGV);
  CHECK_EQUAL(caught_address, (uintptr_t)area + 77);
  CHECK_EQUAL(caught_eip, (uintptr_t)area + 77);
  /* An instruction that begins on a good page and ends on a bad one: nop ... mov eax, imm32 over the border. */
  unsigned char* code = pages(2, PROT_READ | PROT_WRITE | PROT_EXEC);
  memset(code, 0x90, PAGE);
  code[PAGE - 2] = 0xb8;
  mprotect(code + PAGE, PAGE, PROT_NONE);
  CHECK_EQUAL(CATCH(((void (*)(void))(void*)(code + PAGE - 8))()), SIGSEGV);
  CHECK_EQUAL(caught_eip, (uintptr_t)code + PAGE - 2);
  CHECK_EQUAL(caught_address, (uintptr_t)code + PAGE);
}

static void test_copy_on_write(void) {
  enum { COUNT = 64 };
  uint32_t* area = pages(COUNT, PROT_READ | PROT_WRITE);
  uint32_t sum = 0;
  for (unsigned i = 0; i < COUNT; i++) area[i * PAGE / 4] = i;
  int status;
  pid_t child = fork();
  if (child == 0) {
    for (unsigned i = 0; i < COUNT; i++) area[i * PAGE / 4] += 1000;
    for (unsigned i = 0; i < COUNT; i++) sum += area[i * PAGE / 4];
    _exit(sum == COUNT * (COUNT - 1) / 2 + COUNT * 1000 ? 42 : 1);
  }
  for (unsigned i = 0; i < COUNT; i += 2) area[i * PAGE / 4] += 7;
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 42);
  for (unsigned i = 0; i < COUNT; i++) sum += area[i * PAGE / 4];
  CHECK_EQUAL(sum, COUNT * (COUNT - 1) / 2 + COUNT / 2 * 7);
}

static void test_files(void) {
  int file = memfd_create("faults", 0);
  CHECK(file >= 0 && ftruncate(file, 2 * PAGE) == 0);
  char* one = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  char* two = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  char* own = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
  strcpy(one + 100, "shared");
  CHECK(strcmp(two + 100, "shared") == 0 && strcmp(own + 100, "shared") == 0);
  strcpy(own + 100, "private");
  CHECK(strcmp(two + 100, "shared") == 0);
  CHECK(ftruncate(file, PAGE) == 0);
  catch_all();
  CHECK_EQUAL(CATCH((void)*(volatile char*)(two + PAGE)), SIGBUS);
  /* Faults that the kernel itself takes on our behalf. */
  CHECK(write(file, two + PAGE, 10) == -1 && errno == EFAULT);
  CHECK(pread(file, own + PAGE - 4, 8, 0) == 8 || errno == EFAULT);
}

static void test_zero_pages(void) {
  enum { COUNT = 2048 };
  uint32_t *area = pages(COUNT, PROT_READ | PROT_WRITE), sum = 0;
  for (unsigned i = 0; i < COUNT; i++) sum |= area[i * PAGE / 4 + i % 1024];
  for (unsigned i = 0; i < COUNT; i++) area[i * PAGE / 4 + i % 1024] = i;
  for (unsigned i = 0; i < COUNT * PAGE / 4; i += 512) sum += area[i];
  CHECK_EQUAL(sum, 512 + 1024 + 1536); /* the pages whose word 0 or 512 was written */
  munmap(area, COUNT * PAGE);
}

int main(void) {
  test_addresses();
  test_guard_pages();
  test_retry();
  test_stack();
  test_jump();
  test_copy_on_write();
  test_files();
  test_zero_pages();
  return finish("faults");
}
