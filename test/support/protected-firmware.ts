/**
 * A firmware that runs something over and over in protected mode, without paging, at privilege level 0, with a timer that
 * interrupts it; often enough to be compiled.
 */
import { TINY_GUEST_SAYS } from './tiny-guest.js';

export interface ProtectedFirmware {
  /** EBP at first. */
  seed: number;
  turns: number;
  /** What each turn does; all in the assembler's language. Words at 700h to 70Fh are the turns that are left, and free. */
  body: string;
  /** Before the first turn. */
  setup?: string;
  /** Behind all code. */
  data?: string;
}

/** The base of its segments of code. */
export const FIRMWARE_BASE = 0xf0000;

export function protectedFirmware({ seed, turns, body, setup = '', data = '' }: ProtectedFirmware): string {
  return `
.code16
start:
  cli
  xor ax, ax
  mov ds, ax
  mov ss, ax
  mov sp, 0x7000
  mov al, 0x11
  out 0x20, al
  mov al, 0x20
  out 0x21, al
  mov al, 4
  out 0x21, al
  mov al, 1
  out 0x21, al
  mov al, 0xfe
  out 0x21, al
  mov al, 0x34
  out 0x43, al
  mov al, 0x53
  out 0x40, al
  mov al, 0x01
  out 0x40, al
  # interrupt 20h
  mov eax, offset tick
  and eax, 0xffff
  or eax, 0x80000
  mov [0x900], eax
  mov dword ptr [0x904], 0x8e00
  lgdt cs:[gdtr]
  lidt cs:[idtr]
  mov eax, cr0
  or al, 1
  mov cr0, eax
  .byte 0xea
  .word there
  .word 8
.code32
there:
  mov eax, 0x10
  mov ds, eax
  mov es, eax
  mov ss, eax
  mov fs, eax
  mov gs, eax
  mov esp, 0x7000
  mov ebp, ${seed | 1}
  mov dword ptr [0x700], ${turns}
  ${setup}
  cld
  sti
turn:
  ${body}
  dec dword ptr [0x700]
  jnz turn
  mov esi, offset text
say:
  mov al, cs:[esi]
  test al, al
  jz rest
  mov dx, 0x3f8
  out dx, al
  inc esi
  jmp say
rest:
  hlt
  jmp rest
tick:
  push eax
  mov al, 0x20
  out 0x20, al
  pop eax
  iretd
  .balign 8
gdt: .quad 0, 0x00409b0f0000ffff, 0x00cf93000000ffff, 0x00cf9b000000ffff
gdtr: .word 31
  .long 0xf0000 + gdt
idtr: .word 0x107
  .long 0x800
${data}
text: .asciz "${TINY_GUEST_SAYS}\\n"
`;
}
