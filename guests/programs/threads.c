/* Threads: locks under contention, condition variables, atomic instructions, thread-local storage, raw futexes. */
#include "check.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { THREADS = 4, ROUNDS = 20000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static uint32_t locked_counter, added, exchanged, turn;
static uint64_t wide;
static __thread uint32_t own;

static void compare_exchange_add(uint32_t* at) {
  uint32_t old = *at, seen;
  for (;;) {
    __asm__ volatile("lock cmpxchgl %2, %1" : "=a"(seen), "+m"(*at) : "r"(old + 1), "0"(old) : "memory", "cc");
    if (seen == old) return;
    old = seen;
  }
}

static void wide_add(uint64_t* at) {
  uint64_t old = *at;
  uint8_t done;
  do {
    uint64_t next = old + 0x100000001ull;
    __asm__ volatile("lock cmpxchg8b %1\n\tsetz %0"
                     : "=q"(done), "+m"(*at), "+A"(old)
                     : "b"((uint32_t)next), "c"((uint32_t)(next >> 32))
                     : "memory", "cc");
  } while (!done);
}

static void* work(void* argument) {
  uint32_t number = (uint32_t)(uintptr_t)argument;
  pthread_barrier_wait(&barrier);
  for (int i = 0; i < ROUNDS; i++) {
    own += number;
    __asm__ volatile("lock incl %0" : "+m"(added) : : "memory", "cc");
    compare_exchange_add(&exchanged);
    wide_add(&wide);
    if (i % 8 == 0) {
      pthread_mutex_lock(&lock);
      locked_counter++;
      if (i % 1024 == 0) sched_yield();
      pthread_mutex_unlock(&lock);
    }
  }
  /* Taking turns. */
  for (int i = 0; i < 100; i++) {
    pthread_mutex_lock(&lock);
    while (turn % THREADS != number) pthread_cond_wait(&turned, &lock);
    turn++;
    pthread_cond_broadcast(&turned);
    pthread_mutex_unlock(&lock);
  }
  return (void*)(uintptr_t)own;
}

static void test_threads(void) {
  pthread_t threads[THREADS];
  void* result;
  pthread_barrier_init(&barrier, NULL, THREADS);
  for (uintptr_t i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, work, (void*)i) == 0);
  for (uintptr_t i = 0; i < THREADS; i++) {
    CHECK(pthread_join(threads[i], &result) == 0);
    CHECK_EQUAL((uintptr_t)result, i * ROUNDS);
  }
  CHECK_EQUAL(added, THREADS * ROUNDS);
  CHECK_EQUAL(exchanged, THREADS * ROUNDS);
  CHECK_EQUAL((uint32_t)wide, THREADS * ROUNDS);
  CHECK_EQUAL(wide >> 32, THREADS * ROUNDS);
  CHECK_EQUAL(locked_counter, THREADS * ROUNDS / 8);
  CHECK_EQUAL(turn, THREADS * 100);
}

static volatile int ball;

static long futex(volatile int* at, int operation, int value) {
  return syscall(SYS_futex, at, operation, value, NULL, NULL, 0);
}

static int player(void* argument UNUSED) {
  for (int i = 0; i < 500; i++) {
    while (ball != 1) futex(&ball, FUTEX_WAIT, 0);
    ball = 0;
    futex(&ball, FUTEX_WAKE, 1);
  }
  return 21;
}

static void test_clone(void) {
  char* stack = pages(16, PROT_READ | PROT_WRITE);
  int status = 0;
  pid_t child = clone(player, stack + 16 * PAGE, CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD, NULL);
  CHECK(child > 0);
  for (int i = 0; i < 500; i++) {
    ball = 1;
    futex(&ball, FUTEX_WAKE, 1);
    while (ball != 0) futex(&ball, FUTEX_WAIT, 1);
  }
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 21);
}

int main(void) {
  test_threads();
  test_clone();
  return finish("threads");
}
