/* Ways into the kernel: int 0x80, the vDSO's entry, sysenter by hand; calls with many arguments and bad pointers. */
#include "check.h"

#include <errno.h>
#include <poll.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

static uint32_t by_interrupt(uint32_t number, uint32_t first, uint32_t second, uint32_t third) {
  uint32_t result;
  __asm__ volatile("int $0x80" : "=a"(result) : "0"(number), "b"(first), "c"(second), "d"(third) : "memory");
  return result;
}

static uint32_t entry_point;

static uint32_t by_vdso(uint32_t number, uint32_t first, uint32_t second, uint32_t third) {
  uint32_t result;
  __asm__ volatile("call *%1"
                   : "=a"(result)
                   : "m"(entry_point), "0"(number), "b"(first), "c"(second), "d"(third)
                   : "memory");
  return result;
}

/*
 * The kernel returns to a fixed place in the vDSO, which pops EBP, EDX and ECX and returns: so the stack must look as
 * if the vDSO's own function had been called.
 */
uint32_t sysenter_stub(void);
__asm__(
    ".text\n.globl sysenter_stub\nsysenter_stub:\n\t"
    "pushl %ecx\n\tpushl %edx\n\tpushl %ebp\n\tmovl %esp, %ebp\n\tsysenter\n\tud2");

static uint32_t by_sysenter(uint32_t number, uint32_t first, uint32_t second, uint32_t third) {
  uint32_t result;
  __asm__ volatile("call sysenter_stub"
                   : "=a"(result)
                   : "0"(number), "b"(first), "c"(second), "d"(third)
                   : "memory", "cc");
  return result;
}

static int has_sysenter(void) {
  uint32_t a = 1, b, c, d;
  __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
  return (d >> 11) & 1;
}

typedef uint32_t (*entry)(uint32_t, uint32_t, uint32_t, uint32_t);

static void test_entry(entry enter, const char* name) {
  int ends[2];
  char text[16] = "";
  uint32_t own = (uint32_t)getpid();
  for (int i = 0; i < 2000; i++) {
    if (enter(SYS_getpid, 0, 0, 0) != own) fail("getpid by %s", name);
  }
  CHECK(pipe(ends) == 0);
  CHECK_EQUAL(enter(SYS_write, (uint32_t)ends[1], (uint32_t)(uintptr_t) "hello", 6), 6);
  CHECK_EQUAL(enter(SYS_read, (uint32_t)ends[0], (uint32_t)(uintptr_t)text, 16), 6);
  CHECK(strcmp(text, "hello") == 0);
  CHECK_EQUAL(enter(SYS_write, (uint32_t)ends[1], 16, 6), (uint32_t)-EFAULT);
  CHECK_EQUAL(enter(SYS_write, 9999, 0, 0), (uint32_t)-EBADF);
  CHECK_EQUAL(enter(9999, 0, 0, 0), (uint32_t)-ENOSYS);
  close(ends[0]);
  close(ends[1]);
}

static volatile int alarms;

static void count_alarm(int number UNUSED, siginfo_t* info UNUSED, void* context UNUSED) { alarms++; }

/* Calls that a signal interrupts, some of which the kernel starts again. */
static void test_interrupted(void) {
  struct itimerval soon = {{0, 0}, {0, 3000}};
  struct timespec pause = {5, 0}, rest = {0, 0};
  int ends[2];
  char byte;
  handle(SIGALRM, count_alarm, 0);
  setitimer(ITIMER_REAL, &soon, NULL);
  CHECK(nanosleep(&pause, &rest) == -1 && errno == EINTR && (rest.tv_sec == 4 || rest.tv_sec == 5));
  CHECK(pipe(ends) == 0);
  setitimer(ITIMER_REAL, &soon, NULL);
  CHECK(read(ends[0], &byte, 1) == -1 && errno == EINTR);
  handle(SIGALRM, count_alarm, SA_RESTART);
  struct pollfd wait = {.fd = ends[0], .events = POLLIN};
  setitimer(ITIMER_REAL, &soon, NULL);
  CHECK(poll(&wait, 1, 1000) == -1 && errno == EINTR);
  CHECK_EQUAL(alarms, 3);
}

static void test_arguments(void) {
  /* Six arguments; the last one in EBP. */
  char* area = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(area != MAP_FAILED && area[5000] == 0);
  int file = memfd_create("syscalls", 0);
  CHECK(ftruncate(file, 3 * PAGE) == 0 && pwrite(file, "third page", 10, 2 * PAGE) == 10);
  char* third = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 2 * PAGE);
  CHECK(memcmp(third, "third page", 10) == 0);
  struct stat info;
  CHECK(fstat(file, &info) == 0 && info.st_size == 3 * PAGE);
  CHECK(lseek64(file, 1ll << 40, SEEK_SET) == 1ll << 40);
}

static void test_clocks(void) {
  struct timespec before, now;
  struct timeval day;
  clock_gettime(CLOCK_MONOTONIC, &before);
  for (int i = 0; i < 5000; i++) {
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec < before.tv_sec || (now.tv_sec == before.tv_sec && now.tv_nsec < before.tv_nsec))
      fail("the clock went back");
    before = now;
  }
  CHECK(gettimeofday(&day, NULL) == 0 && day.tv_usec >= 0 && day.tv_usec < 1000000);
}

int main(void) {
  entry_point = (uint32_t)getauxval(AT_SYSINFO);
  test_entry(by_interrupt, "int 0x80");
  if (entry_point != 0) test_entry(by_vdso, "the vDSO");
  if (entry_point != 0 && has_sysenter()) test_entry(by_sysenter, "sysenter");
  test_interrupted();
  test_arguments();
  test_clocks();
  return finish("syscalls");
}
