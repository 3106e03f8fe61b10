/*
 * Shared by the guest's test programs: checks that are counted, and one line at the end, "ok <name>" or
 * "FAILED <name>: <first reason>". What is printed is the same on every run of a correct machine.
 */
#ifndef CHECK_H
#define CHECK_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE 4096u
#define UNUSED __attribute__((unused))
#define NOINLINE __attribute__((noinline))

static int failed_checks;
static char first_failure[160];

static UNUSED void fail(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  if (failed_checks++ == 0) vsnprintf(first_failure, sizeof first_failure, format, arguments);
  if (getenv("VERBOSE")) {
    vprintf(format, arguments);
    putchar('\n');
  }
  va_end(arguments);
}

#define CHECK(condition)                                         \
  do {                                                           \
    if (!(condition)) fail("line %d: %s", __LINE__, #condition); \
  } while (0)

#define CHECK_EQUAL(got, wanted)                                                                                 \
  do {                                                                                                           \
    uint32_t got_ = (uint32_t)(got), wanted_ = (uint32_t)(wanted);                                               \
    if (got_ != wanted_) fail("line %d: %s is %#x, not %#x", __LINE__, #got, (unsigned)got_, (unsigned)wanted_); \
  } while (0)

static UNUSED int finish(const char* name) {
  if (failed_checks == 0) {
    printf("ok %s\n", name);
    return 0;
  }
  printf("FAILED %s: %s%s\n", name, first_failure, failed_checks > 1 ? " (and more)" : "");
  return 1;
}

static UNUSED void* pages(unsigned count, int protection) {
  void* at = mmap(NULL, count * PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) {
    perror("mmap");
    exit(2);
  }
  return at;
}

static UNUSED void handle(int number, void (*handler)(int, siginfo_t*, void*), int flags) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | flags;
  sigaction(number, &action, NULL);
}

/* Running something that must end in a signal: CATCH(statement) is the signal's number, 0 when none came. */
static sigjmp_buf catch_point;
static volatile sig_atomic_t catching;
static volatile uint32_t caught_address, caught_eip, caught_code;

static UNUSED void catch_signal(int number, siginfo_t* info, void* context) {
  ucontext_t* user = context;
  caught_address = (uint32_t)(uintptr_t)info->si_addr;
  caught_eip = (uint32_t)user->uc_mcontext.gregs[REG_EIP];
  caught_code = (uint32_t)info->si_code;
  if (!catching) {
    printf("FAILED: unexpected signal %d at %#x, address %#x\n", number, (unsigned)caught_eip,
           (unsigned)caught_address);
    fflush(stdout);
    _exit(1);
  }
  siglongjmp(catch_point, number);
}

static UNUSED void catch_all(void) {
  static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
  static char* stack;
  stack_t alternative = {.ss_size = 65536};
  if (stack == NULL) stack = pages(16, PROT_READ | PROT_WRITE);
  alternative.ss_sp = stack;
  sigaltstack(&alternative, NULL);
  for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) handle(numbers[i], catch_signal, SA_ONSTACK);
}

#define CATCH(statement)                     \
  ({                                         \
    int number_ = sigsetjmp(catch_point, 1); \
    if (number_ == 0) {                      \
      catching = 1;                          \
      statement;                             \
    }                                        \
    catching = 0;                            \
    number_;                                 \
  })

#endif
