/* What a program can ask the processor: time stamps, CPUID, random numbers; and being forbidden to. */
#include "check.h"

#include <sys/prctl.h>

static uint64_t time_stamp(void) {
  uint64_t value;
  __asm__ volatile("rdtsc" : "=A"(value));
  return value;
}

static void cpuid(uint32_t leaf, uint32_t result[4]) {
  __asm__ volatile("cpuid" : "=a"(result[0]), "=b"(result[1]), "=c"(result[2]), "=d"(result[3]) : "0"(leaf), "2"(0));
}

static void test_time_stamps(void) {
  uint64_t before = time_stamp(), first = before;
  for (int i = 0; i < 20000; i++) {
    uint64_t now = time_stamp();
    if (now < before) fail("the time-stamp counter went back");
    before = now;
  }
  CHECK(before > first);
  usleep(20000);
  CHECK(time_stamp() - before > 1000000); /* more than 50 MHz */
  catch_all();
  CHECK(prctl(PR_SET_TSC, PR_TSC_SIGSEGV) == 0);
  CHECK_EQUAL(CATCH(time_stamp()), SIGSEGV);
  CHECK(prctl(PR_SET_TSC, PR_TSC_ENABLE) == 0);
  CHECK(time_stamp() >= before);
}

static void test_cpuid(void) {
  uint32_t zero[4], one[4], again[4];
  cpuid(0, zero);
  cpuid(1, one);
  char vendor[13] = "";
  memcpy(vendor, &zero[1], 4);
  memcpy(vendor + 4, &zero[3], 4);
  memcpy(vendor + 8, &zero[2], 4);
  CHECK(strlen(vendor) == 12);
  CHECK(zero[0] >= 1 && zero[0] < 256);
  CHECK((one[3] & 0x06008111) == 0x06008111); /* FPU, TSC, CX8, CMOV, SSE, SSE2 */
  for (int i = 0; i < 200; i++) {
    cpuid(1, again);
    /* What EBX holds may differ between processors: EAX, ECX and EDX may not. */
    CHECK(again[0] == one[0] && again[3] == one[3]);
  }
  for (uint32_t leaf = 2; leaf <= zero[0] && leaf < 32; leaf++) cpuid(leaf, again);
  cpuid(0x80000000u, again);
}

static void test_random(void) {
  uint32_t one[4], values[64], same = 0;
  cpuid(1, one);
  if (!(one[2] & 1u << 30)) return;
  for (int i = 0; i < 64; i++) {
    uint8_t ok = 0;
    for (int attempt = 0; attempt < 100 && !ok; attempt++) {
      __asm__ volatile("rdrand %0\n\tsetc %1" : "=r"(values[i]), "=q"(ok) : : "cc");
    }
    CHECK(ok);
    for (int j = 0; j < i; j++) same += values[i] == values[j];
  }
  CHECK(same < 3);
  uint16_t narrow = 0, seen = 0;
  for (int i = 0; i < 64; i++) {
    __asm__ volatile("rdrand %0" : "=r"(narrow) : : "cc");
    seen |= narrow;
  }
  CHECK_EQUAL(seen, 0xffff);
}

int main(void) {
  test_time_stamps();
  test_cpuid();
  test_random();
  return finish("timing");
}
