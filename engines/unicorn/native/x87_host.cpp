#include "x87_host.h"

extern "C" {
extern const uint8_t x87_host_register_codes[] __attribute__((visibility("hidden")));
extern const uint8_t x87_host_memory_codes[] __attribute__((visibility("hidden")));
}

/** All codes are four bytes: the instruction, RET, and one that is never run. */
asm(R"(
.text
.p2align 4
x87_host_register_codes:
.set x87_number, 0
.rept 512
.byte 0xd8 + (x87_number >> 6), 0xc0 + (x87_number & 63), 0xc3, 0x90
.set x87_number, x87_number + 1
.endr
x87_host_memory_codes:
.set x87_number, 0
.rept 64
.byte 0xd8 + (x87_number >> 3), 7 + ((x87_number & 7) << 3), 0xc3, 0x90
.set x87_number, x87_number + 1
.endr

.p2align 4
.globl x87_host_unary
.hidden x87_host_unary
x87_host_unary:
  fldt (%rsi)
  call *%rdx
  fnstsw %ax
  fstpt (%rcx)
  ret

.p2align 4
.globl x87_host_binary
.hidden x87_host_binary
x87_host_binary:
  fldt (%rdi)
  fldt (%rsi)
  call *%rdx
  fnstsw %ax
  fstpt (%rcx)
  fstp %st(0)
  ret

.p2align 4
.globl x87_host_reverse
.hidden x87_host_reverse
x87_host_reverse:
  fldt (%rdi)
  fldt (%rsi)
  call *%rdx
  fnstsw %ax
  fstp %st(0)
  fstpt (%rcx)
  ret

.p2align 4
.globl x87_host_push
.hidden x87_host_push
x87_host_push:
  call *%rdx
  fnstsw %ax
  fstpt (%rcx)
  ret

.p2align 4
.globl x87_host_pop
.hidden x87_host_pop
x87_host_pop:
  fldt (%rsi)
  call *%rdx
  fnstsw %ax
  ret

.p2align 4
.globl x87_host_compare
.hidden x87_host_compare
x87_host_compare:
  fldt (%rdi)
  fldt (%rsi)
  call *%rdx
  pushfq
  pop %rax
  mov %eax, (%rcx)
  fnstsw %ax
  fstp %st(0)
  fstp %st(0)
  ret

.p2align 4
.globl x87_host_whole
.hidden x87_host_whole
x87_host_whole:
  frstor (%rsi)
  push %rcx
  popfq
  call *%rdx
  pushfq
  pop %rax
  fnsave (%rsi)
  ret
)");

namespace decouple {

X87Code x87RegisterCode(unsigned escape, unsigned modrm) {
  return x87_host_register_codes + 4 * ((escape & 7) << 6 | (modrm & 63));
}

X87Code x87MemoryCode(unsigned escape, unsigned operation) {
  return x87_host_memory_codes + 4 * ((escape & 7) << 3 | (operation & 7));
}

}  // namespace decouple
