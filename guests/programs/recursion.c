/* Deep recursion: megabytes of stack, faulted in page by page, and what happens at its end. */
#include "check.h"

#include <sys/resource.h>

/* About 64 bytes of stack a level; the array keeps the compiler from making a loop of it. */
static NOINLINE uint32_t descend(uint32_t depth) {
  volatile uint32_t frame[8];
  frame[depth % 8] = depth;
  if (depth == 0) return 1;
  return descend(depth - 1) * 31 + frame[depth % 8];
}

static uint32_t descend_model(uint32_t depth) {
  uint32_t value = 1;
  for (uint32_t i = 1; i <= depth; i++) value = value * 31 + i;
  return value;
}

static NOINLINE uint32_t ackermann(uint32_t m, uint32_t n) {
  if (m == 0) return n + 1;
  if (n == 0) return ackermann(m - 1, 1);
  return ackermann(m - 1, ackermann(m, n - 1));
}

static NOINLINE uint32_t endless(volatile uint32_t* counter) {
  volatile uint32_t frame[256];
  frame[0] = ++*counter;
  if (frame[0] == UINT32_MAX) return 0;
  return endless(counter) + frame[0];
}

int main(void) {
  static volatile uint32_t levels;
  const struct rlimit limit = {8 << 20, 8 << 20};
  setrlimit(RLIMIT_STACK, &limit);
  CHECK_EQUAL(descend(60000), descend_model(60000));
  CHECK_EQUAL(descend(60000), descend_model(60000));
  CHECK_EQUAL(ackermann(2, 300), 603);
  CHECK_EQUAL(ackermann(3, 6), 509);
  catch_all();
  CHECK_EQUAL(CATCH(endless(&levels)), SIGSEGV);
  CHECK(levels > 4000 && levels < 9000);
  return finish("recursion");
}
