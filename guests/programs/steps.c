/* Single steps: a program that traps itself by the trap flag, and one that another steps through. */
#include "check.h"

#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

static volatile uint32_t traps;
static volatile uint32_t addresses[64];

static void on_trap(int signal UNUSED, siginfo_t* info, void* context) {
  const ucontext_t* at = context;
  CHECK_EQUAL(info->si_code, TRAP_TRACE);
  if (traps < 64) addresses[traps] = (uint32_t)at->uc_mcontext.gregs[REG_EIP];
  traps++;
}

/* What is stepped through: instructions of one byte up to its label 2. */
static NOINLINE uint32_t step_by_itself(void) {
  uint32_t begin;
  uint32_t count = 0;
  __asm__ volatile(
      "movl $1f, %0\n"
      "pushfl\n"
      "orl $0x100, (%%esp)\n"
      "popfl\n"
      "1: incl %1\n"
      "pushl %1\n"
      "popl %1\n"
      "nop\n"
      "pushfl\n"
      "andl $~0x100, (%%esp)\n"
      "popfl\n"
      "2: nop\n"
      : "=&r"(begin), "+r"(count)
      :
      : "memory", "cc");
  CHECK_EQUAL(count, 1);
  return begin;
}

/* Often enough to be compiled, where it is. */
static void by_itself(int rounds) {
  for (int i = 0; i < rounds; i++) {
    traps = 0;
    const uint32_t begin = step_by_itself();
    CHECK_EQUAL(traps, 7);
    for (uint32_t j = 0; j < 5; j++) CHECK_EQUAL(addresses[j], begin + j + 1);
    CHECK_EQUAL(addresses[5], begin + 12);
    CHECK_EQUAL(addresses[6], begin + 13);
  }
}

static NOINLINE uint32_t loop(uint32_t turns) {
  uint32_t sum = 0;
  __asm__ volatile(
      "1: addl %1, %0\n"
      "decl %1\n"
      "jnz 1b\n"
      : "+r"(sum), "+r"(turns)
      :
      : "cc");
  return sum;
}

/* Of another's steps only their number is the program's alone. */
static uint32_t steps_of(uint32_t turns) {
  const pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    _exit(loop(turns) == turns * (turns + 1) / 2 ? 7 : 8);
  }
  uint32_t steps = 0;
  int status = 0;
  CHECK_EQUAL(waitpid(child, &status, 0), child);
  while (WIFSTOPPED(status)) {
    if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) != 0) break;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    steps++;
  }
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
  return steps;
}

int main(void) {
  struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
  sigaction(SIGTRAP, &action, NULL);
  by_itself(300);
  CHECK_EQUAL(steps_of(60) - steps_of(10), 50 * 3);
  return finish("steps");
}
