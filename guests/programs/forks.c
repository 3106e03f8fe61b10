/* Two hundred processes: forked, a few of them replaced by exec, all with a result to hand back. */
#include "check.h"

#include <sys/wait.h>

enum { COUNT = 200, AT_ONCE = 20 };

static uint32_t work(uint32_t seed) {
  uint32_t value = seed;
  for (int i = 0; i < 5000; i++) value = (value ^ (value >> 7)) * 2654435761u + (uint32_t)i;
  return value & 0x7f;
}

int main(int argc, char** argv) {
  if (argc == 2) return (int)work((uint32_t)atoi(argv[1]));
  static pid_t children[COUNT];
  int pipe_ends[2];
  char byte;
  CHECK(pipe(pipe_ends) == 0);
  for (int first = 0; first < COUNT; first += AT_ONCE) {
    for (int i = first; i < first + AT_ONCE; i++) {
      children[i] = fork();
      if (children[i] == 0) {
        if (write(pipe_ends[1], "x", 1) != 1) _exit(255);
        if (i % 4 != 0) _exit((int)work((uint32_t)i));
        char number[12];
        snprintf(number, sizeof number, "%d", i);
        execl("/proc/self/exe", argv[0], number, (char*)NULL);
        _exit(254);
      }
      if (children[i] < 0) fail("fork number %d failed", i);
    }
    for (int i = first; i < first + AT_ONCE; i++) {
      int status = 0;
      CHECK(waitpid(children[i], &status, 0) == children[i]);
      CHECK(WIFEXITED(status));
      CHECK_EQUAL(WEXITSTATUS(status), work((uint32_t)i));
      CHECK(read(pipe_ends[0], &byte, 1) == 1);
    }
  }
  return finish("forks");
}
