/*
 * Looks for what can be reached: TCP connections and UDP datagrams to ranges of ports of addresses.
 *
 *   scan FIRST-LAST... ADDRESS...
 *
 * One line an address and protocol, with the ports that answered.
 */
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

/* At a time; as many descriptors as a program has by default are more. */
enum { BATCH = 256, PATIENCE_MS = 3000 };

struct counts {
  unsigned open, refused, silent;
};

/* A socket that is on its way to the port, or -1 when it was refused at once. */
static int ask(int type, struct in_addr address, unsigned port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = address};
  int made = socket(AF_INET, type | SOCK_NONBLOCK, 0);
  if (made < 0) {
    perror("socket");
    exit(2);
  }
  int failed = connect(made, (struct sockaddr*)&to, sizeof to) != 0 && errno != EINPROGRESS;
  if (!failed && type == SOCK_DGRAM) failed = send(made, "hello", 5, 0) != 5;
  if (!failed) return made;
  close(made);
  return -1;
}

/* Whether a socket that poll has news of got an answer. */
static int is_answered(int type, int asked) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(asked, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return 0;
  char answer[16];
  return type == SOCK_STREAM || recv(asked, answer, sizeof answer, 0) >= 0;
}

static void try(int type, struct in_addr address, unsigned first, unsigned last, struct counts* counts) {
  struct pollfd asked[BATCH];
  unsigned waiting = 0;
  for (unsigned i = 0; i <= last - first; i++) {
    asked[i] = (struct pollfd){.fd = ask(type, address, first + i), .events = type == SOCK_STREAM ? POLLOUT : POLLIN};
    if (asked[i].fd < 0)
      counts->refused++;
    else
      waiting++;
  }
  while (waiting > 0 && poll(asked, last - first + 1, PATIENCE_MS) > 0) {
    for (unsigned i = 0; i <= last - first; i++) {
      if (asked[i].fd < 0 || asked[i].revents == 0) continue;
      if (is_answered(type, asked[i].fd)) {
        counts->open++;
        printf("answered: %u\n", first + i);
      } else
        counts->refused++;
      close(asked[i].fd);
      asked[i].fd = -1;
      waiting--;
    }
  }
  counts->silent += waiting;
  for (unsigned i = 0; i <= last - first; i++)
    if (asked[i].fd >= 0) close(asked[i].fd);
}

int main(int count, char** arguments) {
  for (int i = 1; i < count; i++) {
    struct in_addr address;
    if (inet_aton(arguments[i], &address) == 0 || strchr(arguments[i], '-')) continue;
    for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
      struct counts counts = {0, 0, 0};
      for (int k = 1; k < count; k++) {
        unsigned first, last;
        if (sscanf(arguments[k], "%u-%u", &first, &last) != 2) continue;
        for (unsigned at = first; at <= last; at += BATCH)
          try(type, address, at, last - at < BATCH ? last : at + BATCH - 1, &counts);
      }
      printf("%s %s: %u answered, %u refused, %u silent\n", arguments[i], type == SOCK_STREAM ? "tcp" : "udp",
             counts.open, counts.refused, counts.silent);
      fflush(stdout);
    }
  }
  return 0;
}
