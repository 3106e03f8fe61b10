/*
 * Violates every check that a processor makes and a simulator may leave out: the machine has made them already, and its
 * relog says what came of them. One line a case, "<case> <signal>": what a processor gives stands beside each in the
 * source; what the machine gives is what a replay and a simulation must give. Arguments: the cases to run; none is all.
 */
#include "check.h"

#include <asm/ldt.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

static uint32_t area[64];

static uint16_t set_ldt(unsigned number, uint32_t limit, int contents, int read_only, int absent) {
  struct user_desc entry;
  memset(&entry, 0, sizeof entry);
  entry.entry_number = number;
  entry.base_addr = (unsigned)(uintptr_t)area;
  entry.limit = limit;
  entry.seg_32bit = 1;
  entry.contents = (unsigned)contents & 3;
  entry.read_exec_only = read_only != 0;
  entry.seg_not_present = absent != 0;
  entry.useable = 1;
  syscall(SYS_modify_ldt, 0x11, &entry, sizeof entry);
  return (uint16_t)(number << 3 | 7);
}

static void load_fs(uint16_t selector) { __asm__ volatile("movw %0, %%fs" : : "r"(selector)); }

static void touch_fs(uint16_t selector, uint32_t offset) {
  load_fs(selector);
  __asm__ volatile("incl %%fs:(%0)" : : "r"(offset) : "memory", "cc");
}

/* A string instruction that gets to the end of its segment. */
static void fill_es(uint16_t selector, uint32_t count) {
  uint32_t offset = 0;
  __asm__ volatile(
      "pushl %%es\n\t"
      "movw %2, %%es\n\t"
      "rep stosl\n\t"
      "popl %%es"
      : "+c"(count), "+D"(offset)
      : "r"(selector), "a"(7)
      : "memory");
}

static void restore_segments(void) {
  __asm__ volatile(
      "movw %%ds, %%ax\n\t"
      "movw %%ax, %%es\n\t"
      "xorl %%eax, %%eax\n\t"
      "movw %%ax, %%fs"
      :
      :
      : "eax");
}

static int run_bytes(const unsigned char* bytes, size_t size) {
  unsigned char* code = pages(1, PROT_READ | PROT_WRITE | PROT_EXEC);
  memcpy(code, bytes, size);
  code[size] = 0xc3;
  return CATCH(((void (*)(void))(void*)code)());
}

#define BYTES(...)                                     \
  ({                                                   \
    static const unsigned char bytes_[] = {__VA_ARGS__}; \
    run_bytes(bytes_, sizeof bytes_);                  \
  })

static int unaligned(void) {
  int got = CATCH(__asm__ volatile(
      "pushfl\n\t"
      "orl $0x40000, (%%esp)\n\t"
      "popfl\n\t"
      "movl 1(%0), %%eax\n\t"
      "pushfl\n\t"
      "andl $~0x40000, (%%esp)\n\t"
      "popfl"
      :
      : "r"(area)
      : "eax", "memory", "cc"));
  __asm__ volatile(
      "pushfl\n\t"
      "andl $~0x40000, (%%esp)\n\t"
      "popfl" ::
          : "cc", "memory");
  return got;
}

static int x87_unmasked(void) {
  static const uint16_t open = 0x0340;
  int got = CATCH(__asm__ volatile(
      "fninit\n\t"
      "fldcw %0\n\t"
      "fld1\n\t"
      "fldz\n\t"
      "fdivrp\n\t"
      "fwait"
      :
      : "m"(open)
      : "memory"));
  __asm__ volatile("fninit");
  return got;
}

static int sse_unmasked(void) {
  static const uint32_t open = 0x1d80, closed = 0x1f80;
  static const float one = 1, zero = 0;
  int got = CATCH(__asm__ volatile(
      "ldmxcsr %0\n\t"
      "movss %1, %%xmm0\n\t"
      "divss %2, %%xmm0"
      :
      : "m"(open), "m"(one), "m"(zero)
      : "xmm0", "memory"));
  __asm__ volatile("ldmxcsr %0" : : "m"(closed));
  return got;
}

static volatile int steps;

static void count_step(int number UNUSED, siginfo_t* info UNUSED, void* context) {
  ucontext_t* user = context;
  if (++steps > 50) user->uc_mcontext.gregs[REG_EFL] &= ~0x100;
}

/* Instructions between the POPFs that are stepped through; 0 where the machine does not step. */
static int single_step(void) {
  handle(SIGTRAP, count_step, SA_ONSTACK);
  __asm__ volatile(
      "pushfl\n\t"
      "orl $0x100, (%%esp)\n\t"
      "popfl\n\t"
      "nop\n\t"
      "nop\n\t"
      "pushfl\n\t"
      "andl $~0x100, (%%esp)\n\t"
      "popfl" ::
          : "cc", "memory");
  catch_all();
  return steps;
}

/* A breakpoint in a debug register of a child; the signal that stops it, or its status. */
static int hardware_breakpoint(void) {
  pid_t child = fork();
  if (child == 0) {
    signal(SIGTRAP, SIG_DFL);
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    area[3] = 1;
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ptrace(PTRACE_POKEUSER, child, offsetof(struct user, u_debugreg[0]), &area[3]);
  ptrace(PTRACE_POKEUSER, child, offsetof(struct user, u_debugreg[7]), 0xd0101);
  ptrace(PTRACE_CONT, child, NULL, NULL);
  waitpid(child, &status, 0);
  if (!WIFSTOPPED(status)) return 0;
  int stopped = WSTOPSIG(status);
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  return stopped;
}

static int run(const char* name) {
#define CASE(text) if (strcmp(name, text) == 0)
  CASE("limit") return CATCH(touch_fs(set_ldt(0, 99, 0, 0, 0), 97)); /* SIGSEGV */
  CASE("limit-string") {                                            /* SIGSEGV, 25 words written */
    memset(area, 0, sizeof area);
    int got = CATCH(fill_es(set_ldt(1, 99, 0, 0, 0), 40));
    restore_segments();
    unsigned written = 0;
    while (written < 64 && area[written] == 7) written++;
    printf("(%u words) ", written);
    return got;
  }
  CASE("expand-down") return CATCH(touch_fs(set_ldt(2, 31, 1, 0, 0), 8)); /* SIGSEGV */
  CASE("read-only") return CATCH(touch_fs(set_ldt(3, 99, 0, 1, 0), 0));   /* SIGSEGV */
  CASE("absent") return CATCH(load_fs(set_ldt(4, 99, 0, 0, 1)));          /* SIGBUS */
  CASE("null") return CATCH(touch_fs(0, 4));                              /* SIGSEGV */
  CASE("outside") return CATCH(load_fs(0xfff8 | 3));                      /* SIGSEGV */
  CASE("privilege") return CATCH(load_fs(0x60));                          /* SIGSEGV */
  CASE("alignment") return unaligned();                                   /* SIGBUS */
  CASE("alignment-16") {                                                  /* SIGSEGV */
    return CATCH(__asm__ volatile("movaps 4(%0), %%xmm0" : : "r"((uintptr_t)area & ~15u) : "xmm0", "memory"));
  }
  CASE("lock-nop") return BYTES(0xf0, 0x90);                   /* SIGILL */
  CASE("lock-register") return BYTES(0xf0, 0x01, 0xc0);        /* SIGILL */
  CASE("lock-load") return BYTES(0xf0, 0x8b, 0x04, 0x24);      /* SIGILL */
  CASE("undefined") return BYTES(0x0f, 0x0b);                  /* SIGILL */
  CASE("length") {                                             /* SIGSEGV */
    unsigned char bytes[16];
    memset(bytes, 0x66, 15);
    bytes[15] = 0x90;
    return run_bytes(bytes, 16);
  }
  CASE("bound") { /* SIGSEGV */
    static int32_t bounds[2] = {-5, 5};
    return CATCH(__asm__ volatile("bound %0, (%1)" : : "r"(6), "r"(bounds) : "memory"));
  }
  CASE("privileged") return CATCH(__asm__ volatile("hlt"));          /* SIGSEGV */
  CASE("port") return CATCH(__asm__ volatile("outb %%al, $0x80" ::)); /* SIGSEGV */
  CASE("gate") return BYTES(0xcd, 0x0e);                             /* SIGSEGV */
  CASE("divide") {                                                   /* SIGFPE */
    return CATCH(__asm__ volatile("divl %0" : : "r"(0), "a"(1), "d"(0) : "cc"));
  }
  CASE("into") return BYTES(0xb0, 0x7f, 0x04, 0x01, 0xce);     /* SIGSEGV */
  CASE("x87") return x87_unmasked();                           /* SIGFPE */
  CASE("sse") return sse_unmasked();                           /* SIGFPE */
  CASE("step") return single_step();                           /* 5 steps */
  CASE("int3") return CATCH(__asm__ volatile("int3"));         /* SIGTRAP */
  CASE("icebp") return BYTES(0xf1);                            /* SIGTRAP */
  CASE("breakpoint") return hardware_breakpoint();             /* SIGTRAP */
  fail("no case %s", name);
  return -1;
}

int main(int argc, char** argv) {
  static const char* const all[] = {
      "limit",     "limit-string",  "expand-down", "read-only", "absent",     "null",   "outside",
      "privilege", "alignment",     "alignment-16", "lock-nop",  "lock-register", "lock-load", "undefined",
      "length",    "bound",         "privileged",  "port",      "gate",       "divide", "into",
      "x87",       "sse",           "step",        "int3",      "icebp",      "breakpoint",
  };
  catch_all();
  const unsigned count = argc > 1 ? (unsigned)argc - 1 : sizeof all / sizeof *all;
  for (unsigned i = 0; i < count; i++) {
    const char* name = argc > 1 ? argv[i + 1] : all[i];
    const int got = run(name);
    restore_segments();
    printf("%s %d\n", name, got);
    fflush(stdout);
  }
  return finish("violations");
}
