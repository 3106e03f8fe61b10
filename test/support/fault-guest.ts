/**
 * A firmware that runs short pieces of code, in user mode or as the system itself, and tells how each ended: the
 * exception, its error code, CR2, where it was, and registers. Each runs often enough to be compiled; a difference
 * between the first time and any later one is told too.
 */
import { TINY_GUEST_SAYS } from './tiny-guest.js';

export interface FaultCase {
  /** Instructions, 32 bits; they end with the exception, or with `int 0x30`. The label `0:` stands before them. */
  code: string;
  /** As the system itself (CPL 0), not as a user. */
  system?: boolean;
  /** Runs once before each time, as the system. */
  before?: string;
}

/** A page that is not there; the stack lies in the page below, and ends at its end. */
export const ABSENT = 0x42000;
/** A page that may not be written. */
export const READ_ONLY = 0x44000;
/** A page of data, and where the stack begins. */
export const DATA = 0x45000;
export const STACK = 0x41800;
/** What registers hold when a piece of code begins. */
export const START = {
  eax: 0x11111111,
  ebx: 0x22222222,
  ecx: 3,
  edx: 0x33333333,
  esi: DATA,
  edi: DATA + 0x800,
  ebp: STACK + 0x40,
};

const VECTORS = 256;
const WITH_ERROR = [8, 10, 11, 12, 13, 14, 17];
const SEGMENT = 0xf0000;
/** Turns of a loop before each piece of code: what has run for long is compiled. */
const WARMING = 2000;

/** @param turns how often each runs */
export function faultFirmware(cases: readonly FaultCase[], turns: number): string {
  const at = (label: string): string => `(${SEGMENT} + ${label})`;
  return `
.code16
start:
  cli
  xor ax, ax
  mov ds, ax
  lgdt cs:[gdtr]
  mov eax, cr0
  or al, 1
  mov cr0, eax
  .byte 0x66, 0xea
  .long ${at('protected')}
  .word 8
.p2align 3
gdt:
  .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00cffb000000ffff, 0x00cff3000000ffff, 0x0000890090000067
  .quad 0x00009b000000ffff, 0x000093000000ffff, 0x0000f3000000ffff, 0x0000e90090000067, 0x00cf7b000000ffff
gdt_end:
gdtr: .word gdt_end - gdt - 1
  .long ${SEGMENT} + gdt
idtr: .word 0x7ff
  .long 0xa000
.code32
protected:
  mov ax, 0x10
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov esp, 0x8000
  # the table of descriptors goes to where it can be written
  mov esi, offset ${at('gdt')}
  mov edi, 0xb000
  mov ecx, gdt_end - gdt
  cld
  rep movsb
  mov word ptr [0xb800], gdt_end - gdt - 1
  mov dword ptr [0xb802], 0xb000
  lgdt [0xb800]
  # pages: all of the first MiB, but for two
  mov edi, 0x10000
  xor eax, eax
  mov ecx, 0x800
  rep stosd
  mov dword ptr [0x10000], 0x11007
  mov eax, 7
  mov edi, 0x11000
  mov ecx, 0x100
1: stosd
  add eax, 0x1000
  loop 1b
  mov dword ptr [0x11000 + ${ABSENT} / 0x1000 * 4], 0
  mov dword ptr [0x11000 + ${READ_ONLY} / 0x1000 * 4], ${READ_ONLY} | 5
  mov eax, 0x10000
  mov cr3, eax
  mov eax, 0x600
  mov cr4, eax
  mov eax, cr0
  or eax, 0x80010020
  mov cr0, eax
  fninit
  # task state, vectors
  mov edi, 0x9000
  xor eax, eax
  mov ecx, 0x20
  rep stosd
  mov dword ptr [0x9004], 0x8000
  mov dword ptr [0x9008], 0x10
  mov word ptr [0x9066], 0x68
  mov ax, 0x28
  ltr ax
  xor ecx, ecx
  mov edi, 0xa000
  mov esi, offset ${at('stubs')}
2: mov [edi], si
  mov word ptr [edi + 2], 8
  mov word ptr [edi + 4], 0x8e00
  mov eax, esi
  shr eax, 16
  mov [edi + 6], ax
  add edi, 8
  add esi, 16
  inc ecx
  cmp ecx, ${VECTORS}
  jb 2b
  mov byte ptr [0xa000 + 0x30 * 8 + 5], 0xee
  lidt cs:[${at('idtr')}]
  mov dword ptr [0xc000], 0
  mov dword ptr [0xc004], 0
next:
  mov ax, 0x10
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov esp, 0x8000
  xor eax, eax
  mov fs, ax
  mov gs, ax
  mov cr2, eax
  mov edi, 0x40000
  mov ecx, 0x800
  mov eax, 0x5a5a5a5a
  rep stosd
  mov edi, ${DATA}
  mov ecx, 0x400
  rep stosd
  mov eax, [0xc000]
  shl eax, 4
  call dword ptr cs:[eax + ${at('table')} + 12]
  mov eax, [0xc000]
  shl eax, 4
  mov edx, cs:[eax + ${at('table')} + 8]
  cmp dword ptr cs:[eax + ${at('table')} + 4], 0
  jne as_system
  mov ax, 0x23
  mov ds, ax
  mov es, ax
  push 0x23
  push ${STACK}
  push 2
  push 0x1b
  push edx
  jmp go
as_system:
  mov ecx, esp
  mov esp, ${STACK}
  push 2
  push 8
  push edx
go:
  mov eax, ${START.eax}
  mov ebx, ${START.ebx}
  mov ecx, ${START.ecx}
  mov edx, ${START.edx}
  mov esi, ${START.esi}
  mov edi, ${START.edi}
  mov ebp, ${START.ebp}
  iretd
nothing: ret

.p2align 4
stubs:
${Array.from({ length: VECTORS }, (_, i) => `  .p2align 4\n${WITH_ERROR.includes(i) ? '' : '  push 0\n'}  push ${i}\n  jmp caught`).join('\n')}
.p2align 4
caught:
  pushad
  mov ax, 0x10
  mov ds, ax
  mov es, ax
  cld
  # edi 0, esi 4, ebp 8, ebx 16, edx 20, ecx 24, eax 28, vector 32, error 36, eip 40, cs 44, flags 48, esp 52, ss 56
  mov ebx, [0xc000]
  shl ebx, 4
  mov ecx, [esp + 40]
  sub ecx, cs:[ebx + ${at('table')}]
  mov [esp + 40], ecx
  # what the user's stack is; of the system, its own
  lea ecx, [esp + 52]
  test byte ptr [esp + 44], 3
  jz 3f
  mov ecx, [esp + 52]
3: mov [esp + 12], ecx
  and dword ptr [esp + 48], 0xfffff72a
  # a sum over memory, but for where this very stack may be
  xor eax, eax
  mov esi, ${DATA}
4: rol eax, 1
  add eax, [esi]
  add esi, 4
  cmp esi, ${DATA} + 0x100
  jb 4b
  mov esi, ${STACK} - 0x40
  test byte ptr [esp + 44], 3
  jnz 5f
  mov esi, ${STACK}
5: rol eax, 1
  add eax, [esi]
  add esi, 4
  cmp esi, ${STACK} + 0x40
  jb 5b
  mov esi, ${ABSENT} - 0x40
6: rol eax, 1
  add eax, [esi]
  add esi, 4
  cmp esi, ${ABSENT}
  jb 6b
7: mov ebp, eax
  mov edi, 0xd000
  mov eax, cr2
  stosd
  mov eax, ebp
  stosd
  mov esi, esp
  mov ecx, 13
  rep movsd
  # the first time it is printed, later compared
  cmp dword ptr [0xc004], 0
  jne compare
  mov esi, 0xd000
  mov edi, 0xd100
  mov ecx, 15
  rep movsd
  mov esi, 0xd000
  mov ecx, 15
9: lodsd
  call hex
  loop 9b
  mov al, 10
  mov dx, 0x3f8
  out dx, al
  jmp after
compare:
  mov esi, 0xd000
  mov edi, 0xd100
  mov ecx, 15
  repe cmpsd
  je after
  mov eax, 0xbad
  call hex
  mov esi, 0xd000
  mov ecx, 15
9: lodsd
  call hex
  loop 9b
  mov al, 10
  mov dx, 0x3f8
  out dx, al
  jmp step
after:
  inc dword ptr [0xc004]
  cmp dword ptr [0xc004], ${turns}
  jb next
step:
  mov dword ptr [0xc004], 0
  inc dword ptr [0xc000]
  cmp dword ptr [0xc000], ${cases.length}
  jb next
  mov esi, offset ${at('text')}
10: mov al, cs:[esi]
  test al, al
  jz 11f
  mov dx, 0x3f8
  out dx, al
  inc esi
  jmp 10b
11: hlt
  jmp 11b

hex:
  push ecx
  mov ecx, 8
12: rol eax, 4
  mov edx, eax
  and eax, 15
  cmp al, 10
  jb 13f
  add al, 39
13: add al, 48
  push edx
  mov edx, 0x3f8
  out dx, al
  pop edx
  mov eax, edx
  loop 12b
  mov al, 32
  mov edx, 0x3f8
  out dx, al
  pop ecx
  ret

text: .asciz "${TINY_GUEST_SAYS}\\n"
.p2align 4
table:
${cases.map(({ system, before }, i) => `  .long ${SEGMENT} + case${i}, ${system ? 1 : 0}, ${SEGMENT} + enter${i}, ${SEGMENT} + ${before === undefined ? 'nothing' : `before${i}`}`).join('\n')}
${cases.map(({ code, before }, i) => `.p2align 6\n${before === undefined ? '' : `before${i}: ${before}\n ret\n.p2align 5\n`}enter${i}: mov ecx, ${WARMING}\n 0: loop 0b\n mov ecx, ${START.ecx}\ncase${i}:\n0: ${code}`).join('\n')}
`;
}

export interface Ended {
  vector: number;
  error: number;
  cr2: number;
  /** From the first instruction on. */
  eip: number;
  cs: number;
  /** But for CF, PF, AF, ZF, SF and OF. */
  flags: number;
  esp: number;
  ebp: number;
  eax: number;
  ebx: number;
  ecx: number;
  edx: number;
  esi: number;
  edi: number;
  /** A sum over the stack and the data. */
  memory: number;
}

/** What the guest printed. A case that went another way later has a second line. */
export function endings(console: string): (Ended | string)[] {
  return console
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^([0-9a-f]{8} ?){15,16}$/.test(line))
    .map((line) => {
      if (line.startsWith('00000bad')) return `later ${line}`;
      const n = line.split(' ').map((word) => parseInt(word, 16));
      const [cr2, memory, edi, esi, ebp, esp, ebx, edx, ecx, eax, vector, error, eip, cs, flags] = n as [
        ...[number, number, number, number, number, number, number, number, number, number],
        ...[number, number, number, number, number],
      ];
      return { vector, error, cr2, eip, cs, flags, esp, ebp, eax, ebx, ecx, edx, esi, edi, memory };
    });
}
