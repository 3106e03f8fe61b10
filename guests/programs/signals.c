/* Signals: other stacks, nesting, timers that interrupt loops, and the exceptions they are made of. */
#include "check.h"

#include <sys/time.h>

static volatile int order[8], position;
static volatile uintptr_t handler_stack;

static void outer(int number, siginfo_t* info UNUSED, void* context UNUSED) {
  order[position++] = number;
  raise(SIGUSR2);
  order[position++] = -number;
}

static void inner(int number, siginfo_t* info UNUSED, void* context UNUSED) {
  int local;
  handler_stack = (uintptr_t)&local;
  order[position++] = number;
}

static void test_nesting(void) {
  static char alternative[32768];
  stack_t stack = {.ss_sp = alternative, .ss_size = sizeof alternative};
  sigaltstack(&stack, NULL);
  handle(SIGUSR1, outer, 0);
  handle(SIGUSR2, inner, SA_ONSTACK);
  raise(SIGUSR1);
  CHECK(position == 3 && order[0] == SIGUSR1 && order[1] == SIGUSR2 && order[2] == -SIGUSR1);
  CHECK(handler_stack > (uintptr_t)alternative && handler_stack < (uintptr_t)alternative + sizeof alternative);
  /* Blocked, then delivered when unblocked. */
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  sigprocmask(SIG_BLOCK, &set, NULL);
  position = 0;
  raise(SIGUSR2);
  CHECK_EQUAL(position, 0);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  CHECK_EQUAL(position, 1);
}

static volatile int ticks;
static volatile double tick_number = 1.5;

/* Uses the FPU and SSE registers, which belong to the interrupted loop as well. */
static void tick(int number UNUSED, siginfo_t* info UNUSED, void* context UNUSED) {
  ticks++;
  tick_number = tick_number * 1.25 + 1;
  __asm__ volatile("pcmpeqd %%xmm0, %%xmm0\n\tpcmpeqd %%xmm7, %%xmm7\n\tfninit\n\tfldz" : : : "xmm0", "xmm7");
}

/* A loop over all kinds of registers whose result shows any that were lost. */
static NOINLINE uint32_t churn(uint32_t rounds) {
  uint32_t value = 12345, result;
  long double x = 1.0L;
  __asm__ volatile("movd %0, %%xmm7\n\tpshufd $0, %%xmm7, %%xmm7" : : "r"(value) : "xmm7");
  for (uint32_t i = 0; i < rounds; i++) {
    value = value * 1103515245u + 12345u;
    x = x * 1.000001L + (long double)(value >> 24) * 1e-9L;
    __asm__ volatile("movd %0, %%xmm0\n\tpaddd %%xmm0, %%xmm7\n\tpxor %%xmm0, %%xmm7" : : "r"(value) : "xmm0", "xmm7");
  }
  __asm__ volatile("movd %%xmm7, %0" : "=r"(result));
  uint32_t bits[3] = {0};
  memcpy(bits, &x, 10);
  return result ^ value ^ bits[0] ^ bits[1] ^ bits[2];
}

static void test_timer(int which, int number) {
  enum { ROUNDS = 200000 };
  struct itimerval every = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
  uint32_t wanted = churn(ROUNDS);
  handle(number, tick, SA_RESTART);
  ticks = 0;
  setitimer(which, &every, NULL);
  for (int i = 0; i < 2000 && (ticks < 10 || i < 4); i++) CHECK_EQUAL(churn(ROUNDS), wanted);
  setitimer(which, &never, NULL);
  CHECK(ticks >= 10);
}

static volatile int skipped;

static void skip_instruction(int number UNUSED, siginfo_t* info UNUSED, void* context) {
  ucontext_t* user = context;
  skipped++;
  user->uc_mcontext.gregs[REG_EIP] += 2; /* over ud2 */
  user->uc_mcontext.gregs[REG_EAX] = 77;
}

static void test_exceptions(void) {
  volatile int zero = 0, result = 0;
  catch_all();
  CHECK_EQUAL(CATCH(result = 7 / zero), SIGFPE);
  CHECK_EQUAL(caught_code, FPE_INTDIV);
  CHECK_EQUAL(CATCH(__asm__ volatile("ud2")), SIGILL);
  CHECK_EQUAL(*(uint16_t*)(uintptr_t)caught_eip, 0x0b0f);
  CHECK_EQUAL(CATCH(__asm__ volatile("hlt")), SIGSEGV);
  CHECK_EQUAL(*(uint8_t*)(uintptr_t)caught_eip, 0xf4);
  CHECK_EQUAL(CATCH(__asm__ volatile("int3")), SIGTRAP);
  CHECK_EQUAL(((uint8_t*)(uintptr_t)caught_eip)[-1], 0xcc);
  CHECK_EQUAL(CATCH(__asm__ volatile("movl %%cr0, %%eax" : : : "eax")), SIGSEGV);
  CHECK_EQUAL(CATCH(__asm__ volatile("int $0x81")), SIGSEGV);
  uint32_t value = result;
  handle(SIGILL, skip_instruction, 0);
  for (int i = 0; i < 100; i++) __asm__ volatile("ud2" : "=a"(value) : : "memory");
  CHECK_EQUAL(value, 77);
  CHECK_EQUAL(skipped, 100);
}

int main(void) {
  test_nesting();
  test_timer(ITIMER_REAL, SIGALRM);
  test_timer(ITIMER_VIRTUAL, SIGVTALRM);
  test_exceptions();
  return finish("signals");
}
