/*
 * A guest that asks for more than it gets. Each way prints one line that begins with its name.
 *
 *   flood opened ADDRESS PORT TOTAL AT-ONCE   opens connections, so many at once, until so many were opened in all
 *   flood half ADDRESS PORT COUNT             asks for connections in the name of others, and never answers
 *   flood readers ADDRESS PORT COUNT          asks a web server for /, and never reads; stays
 *   flood writers ADDRESS PORT COUNT          writes until there is no room; stays
 */
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { MOST = 4096, QUIET_MS = 2000, SLOW_MS = 20000 };

static struct sockaddr_in target;
static struct pollfd sockets[MOST];

static void die(const char* what) {
  perror(what);
  exit(2);
}

/* Asks for `count` connections at once. Those that come to be are in `sockets`, the others are -1 there. */
static unsigned open_many(unsigned count) {
  unsigned opened = 0, waiting = 0;
  for (unsigned i = 0; i < count; i++) {
    int made = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (made < 0) die("socket");
    sockets[i] = (struct pollfd){.fd = made, .events = POLLOUT};
    if (connect(made, (struct sockaddr*)&target, sizeof target) == 0 || errno == EINPROGRESS)
      waiting++;
    else
      die("connect");
  }
  struct pollfd asked[MOST];
  memcpy(asked, sockets, count * sizeof *asked);
  while (waiting > 0 && poll(asked, count, SLOW_MS) > 0) {
    for (unsigned i = 0; i < count; i++) {
      if (asked[i].fd < 0 || asked[i].revents == 0) continue;
      int error = 0;
      socklen_t size = sizeof error;
      getsockopt(asked[i].fd, SOL_SOCKET, SO_ERROR, &error, &size);
      if (error == 0)
        opened++;
      else {
        close(asked[i].fd);
        sockets[i].fd = -1;
      }
      asked[i].fd = -1;
      waiting--;
    }
  }
  return opened;
}

/* By an end, or by a reset. */
static void close_all(unsigned count, int reset) {
  struct linger at_once = {.l_onoff = reset, .l_linger = 0};
  for (unsigned i = 0; i < count; i++) {
    if (sockets[i].fd < 0) continue;
    setsockopt(sockets[i].fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(sockets[i].fd);
  }
}

static void opened(unsigned total, unsigned at_once) {
  unsigned tried = 0, done = 0;
  for (int round = 0; done < total; round++) {
    done += open_many(at_once);
    tried += at_once;
    close_all(at_once, round % 2);
  }
  printf("opened: %u of %u tried\n", done, tried);
}

static uint16_t internet_sum(uint32_t sum, const void* bytes, unsigned length) {
  const uint8_t* at = bytes;
  for (unsigned i = 0; i + 1 < length; i += 2) sum += at[i] << 8 | at[i + 1];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

struct __attribute__((packed)) syn {
  struct iphdr ip;
  struct tcphdr tcp;
};

/* The address is one that the kernel does not have: it does not answer, and resets nothing. */
static struct syn make_syn(unsigned number) {
  struct syn syn;
  memset(&syn, 0, sizeof syn);
  syn.ip = (struct iphdr){.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP, .tot_len = htons(sizeof syn)};
  syn.ip.saddr = htonl(0x0a000210 + number % 200);
  syn.ip.daddr = target.sin_addr.s_addr;
  syn.ip.check = htons(~internet_sum(0, &syn.ip, sizeof syn.ip));
  syn.tcp.source = htons(1024 + number % 60000);
  syn.tcp.dest = target.sin_port;
  syn.tcp.seq = htonl(number);
  syn.tcp.doff = 5;
  syn.tcp.syn = 1;
  syn.tcp.window = htons(1024);
  uint32_t addresses = internet_sum(IPPROTO_TCP + sizeof syn.tcp, &syn.ip.saddr, 8);
  syn.tcp.check = htons(~internet_sum(addresses, &syn.tcp, sizeof syn.tcp));
  return syn;
}

static void half(unsigned count) {
  static const uint8_t gateway[6] = {0x52, 0x55, 0x0a, 0x00, 0x02, 0x02};
  struct sockaddr_ll wire = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_halen = 6};
  unsigned answered = 0, reset = 0;
  int packets = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, htons(ETH_P_IP));
  if (packets < 0) die("socket");
  wire.sll_ifindex = if_nametoindex("eth0");
  if (bind(packets, (struct sockaddr*)&wire, sizeof wire) != 0) die("bind");
  memcpy(wire.sll_addr, gateway, 6);
  struct pollfd card = {.fd = packets, .events = POLLIN};
  for (unsigned i = 0; i < count || poll(&card, 1, QUIET_MS) > 0; i++) {
    struct syn syn = make_syn(i), answer;
    while (i < count && sendto(packets, &syn, sizeof syn, 0, (struct sockaddr*)&wire, sizeof wire) < 0)
      if (errno != ENOBUFS && errno != EAGAIN) die("sendto");
    while (recv(packets, &answer, sizeof answer, 0) >= (int)sizeof answer) {
      if (answer.ip.protocol != IPPROTO_TCP || answer.ip.saddr != target.sin_addr.s_addr) continue;
      if (answer.tcp.rst)
        reset++;
      else if (answer.tcp.syn)
        answered++;
    }
  }
  printf("half: %u asked for, %u answers, %u resets\n", count, answered, reset);
}

/* Bytes that lie unread in all sockets. */
static unsigned long unread(unsigned count) {
  unsigned long sum = 0;
  int here = 0;
  for (unsigned i = 0; i < count; i++)
    if (sockets[i].fd >= 0 && ioctl(sockets[i].fd, FIONREAD, &here) == 0) sum += here;
  return sum;
}

static void readers(unsigned count) {
  static const char request[] = "GET / HTTP/1.0\r\n\r\n";
  unsigned long before = 0, now;
  unsigned open = open_many(count);
  for (unsigned i = 0; i < count; i++)
    if (sockets[i].fd >= 0 && write(sockets[i].fd, request, sizeof request - 1) < 0) die("write");
  for (;; before = now) {
    usleep(QUIET_MS * 1000);
    now = unread(count);
    if (now > 0 && now == before) break;
  }
  printf("readers: %u of %u leave %lu bytes unread\n", open, count, now);
}

static void writers(unsigned count) {
  static const char bytes[4096];
  unsigned long written = 0;
  unsigned open = open_many(count);
  while (poll(sockets, count, QUIET_MS) > 0) {
    for (unsigned i = 0; i < count; i++) {
      if (sockets[i].revents & (POLLERR | POLLHUP)) sockets[i].fd = -1;
      if ((sockets[i].revents & POLLOUT) == 0 || sockets[i].fd < 0) continue;
      int taken = write(sockets[i].fd, bytes, sizeof bytes);
      if (taken < 0 && errno != EAGAIN) die("write");
      if (taken > 0) written += taken;
    }
  }
  printf("writers: %u of %u wrote %lu bytes\n", open, count, written);
}

int main(int count, char** arguments) {
  struct rlimit descriptors = {MOST + 16, MOST + 16};
  setrlimit(RLIMIT_NOFILE, &descriptors);
  if (count < 5) return 2;
  const char* way = arguments[1];
  unsigned amount = (unsigned)atoi(arguments[4]);
  target = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(arguments[3]))};
  inet_aton(arguments[2], &target.sin_addr);
  if (strcmp(way, "opened") == 0 && count > 5)
    opened(amount, (unsigned)atoi(arguments[5]));
  else if (strcmp(way, "half") == 0)
    half(amount);
  else if (strcmp(way, "readers") == 0)
    readers(amount);
  else if (strcmp(way, "writers") == 0)
    writers(amount);
  else
    return 2;
  fflush(stdout);
  /* Who reads or writes slowly holds on to its connections. */
  while (way[0] == 'r' || way[0] == 'w') pause();
  return 0;
}
