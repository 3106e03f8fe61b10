/**
 * Runs FPU, MMX and SSE instructions on the processor of this computer. Standard input: the code of all slots, then
 * records, each a state; standard output: the same records with the state afterwards. See fpu-oracle.ts for the layout.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { kCodeAt = 0x30000, kMemoryAt = 0x20000, kSlotBytes = 32, kMemoryBytes = 512, kRet = 0xc3 };

struct Record {
  uint32_t slot, vector, eflags, unused;
  uint32_t gpr[8];
  uint8_t padding[16];
  uint8_t memory[kMemoryBytes];
  uint8_t image[512];
} __attribute__((aligned(16)));

static struct Record record;
static sigjmp_buf back;
static struct {
  uint64_t code, eflags, gpr[8], stack;
} now __attribute__((used));
static const uint32_t kDefaultMxcsr __attribute__((used)) = 0x1f80;

static void onSignal(int number, siginfo_t* info, void* passed) {
  (void)number;
  (void)info;
  const ucontext_t* context = passed;
  record.vector = (uint32_t)context->uc_mcontext.gregs[REG_TRAPNO];
  memcpy(record.image, context->uc_mcontext.fpregs, 512);
  record.eflags = (uint32_t)context->uc_mcontext.gregs[REG_EFL];
  siglongjmp(back, 1);
}

/** ESP and EBP are the host's own. */
extern void runNow(void* image);
asm(R"(
runNow:
  push %rbx
  push %rbp
  push %r12
  mov %rdi, %r12
  fxrstor (%r12)
  pushq now+8(%rip)
  popfq
  mov now+16(%rip), %rax
  mov now+24(%rip), %rcx
  mov now+32(%rip), %rdx
  mov now+40(%rip), %rbx
  mov now+64(%rip), %rsi
  mov now+72(%rip), %rdi
  call *now(%rip)
  fxsave (%r12)
  pushfq
  popq now+8(%rip)
  mov %rax, now+16(%rip)
  mov %rcx, now+24(%rip)
  mov %rdx, now+32(%rip)
  mov %rbx, now+40(%rip)
  mov %rsi, now+64(%rip)
  mov %rdi, now+72(%rip)
  fninit
  ldmxcsr kDefaultMxcsr(%rip)
  cld
  pop %r12
  pop %rbp
  pop %rbx
  ret
)");

static void runRecord(void) {
  uint8_t* memory = (uint8_t*)(uintptr_t)kMemoryAt;
  memcpy(memory, record.memory, kMemoryBytes);
  record.vector = 0;
  now.code = kCodeAt + (uint64_t)record.slot * kSlotBytes;
  now.eflags = record.eflags;
  for (int i = 0; i < 8; ++i) now.gpr[i] = record.gpr[i];
  if (sigsetjmp(back, 1) == 0) {
    runNow(record.image);
    record.eflags = (uint32_t)now.eflags;
    for (int i = 0; i < 8; ++i) record.gpr[i] = (uint32_t)now.gpr[i];
  } else {
    asm volatile("fninit\n\tldmxcsr kDefaultMxcsr(%rip)\n\tcld");
  }
  memcpy(record.memory, memory, kMemoryBytes);
}

static void* map(uintptr_t address, size_t size) {
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
  void* got = mmap((void*)address, size, PROT_READ | PROT_WRITE | PROT_EXEC, flags, -1, 0);
  if (got != (void*)address) {
    perror("mmap");
    exit(2);
  }
  return got;
}

int main(void) {
  uint32_t slots;
  if (fread(&slots, sizeof slots, 1, stdin) != 1) return 2;
  uint8_t* code = map(kCodeAt, (size_t)slots * kSlotBytes + 4096);
  map(kMemoryAt, 4096);
  if (fread(code, kSlotBytes, slots, stdin) != slots) return 2;
  struct sigaction action = {0};
  action.sa_sigaction = onSignal;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  const int signals[] = {SIGFPE, SIGSEGV, SIGILL, SIGBUS};
  for (int i = 0; i < 4; ++i) sigaction(signals[i], &action, NULL);
  while (fread(&record, sizeof record, 1, stdin) == 1) {
    runRecord();
    if (fwrite(&record, sizeof record, 1, stdout) != 1) return 2;
  }
  return 0;
}
