/**
 * A guest of 1 MiB with nothing in it but a firmware of our own: it prints, keeps a timer, asks devices and fills pages
 * of RAM, many of them alike. For files that are small and hold nobody else's programs.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assemble } from '../engines/unicorn/support/assembler.js';

/** What it prints when it is done. */
export const TINY_GUEST_SAYS = 'tiny guest done';
const BIOS_BYTES = 0x10000;
const BALLAST_AT = 0x4000;
const RESET_VECTOR = 0xfff0;
const FLOPPY_BYTES = 163_840;

export interface TinyGuestOptions {
  /** Bytes of its firmware that are like no others, for tests that need contents of some size. */
  ballast?: number;
  /** How often it does all that it does, and how many turns of a loop each time; fewer for tests that run it very often. */
  rounds?: number;
  work?: number;
  /** Words that it fills, and half as many. */
  fill?: number;
  /** Another firmware, in the assembler's language, that begins at F000:0. */
  code?: string;
  /** More fields of its spec. */
  spec?: object;
}

const firmware = (rounds: number, work: number, fill: number): string => `
.code16
start:
  cli
  xor ax, ax
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov sp, 0x7000
  lidt cs:[vectors]
  mov word ptr [8 * 4], offset tick
  mov word ptr [8 * 4 + 2], 0xf000
  # both interrupt controllers, timer alone
  mov al, 0x11
  out 0x20, al
  mov al, 8
  out 0x21, al
  mov al, 4
  out 0x21, al
  mov al, 1
  out 0x21, al
  mov al, 0xfe
  out 0x21, al
  # timer 0: every 1193 of its ticks
  mov al, 0x34
  out 0x43, al
  mov al, 0xa9
  out 0x40, al
  mov al, 0x04
  out 0x40, al
  # no device of the PCI bus has a place yet, as after a firmware's first look at them: snapshots can be taken
  mov eax, 0x80000010
pci:
  mov dx, 0xcf8
  out dx, eax
  push eax
  xor eax, eax
  mov dx, 0xcfc
  out dx, eax
  pop eax
  add eax, 4
  cmp al, 0x28
  jb pci
  and eax, 0xffffff00
  add eax, 0x810
  cmp eax, 0x80010000
  jb pci
  sti
  mov byte ptr [0x600], 0
  mov bl, 1
round:
  # sixteen pages alike, another content every round; then eight of zeros
  mov ax, 0x1000
  mov es, ax
  xor di, di
  mov cx, ${fill}
  mov al, bl
  mov ah, bl
  cld
  rep stosw
  mov ax, 0x2000
  mov es, ax
  xor di, di
  mov cx, ${fill / 2}
  mov al, bl
  and al, 1
  mov ah, al
  rep stosw
  # devices and the processor itself
  mov al, 0
  out 0x70, al
  in al, 0x71
  mov [0x610], al
  in al, 0x40
  mov [0x611], al
  rdtsc
  mov [0x614], eax
  push ebx
  xor eax, eax
  cpuid
  mov [0x618], ebx
  pop ebx
  mov ecx, ${work}
work:
  imul eax, ecx
  xor eax, 0x1234567
  add [0x620], eax
  dec ecx
  jnz work
wait:
  hlt
  mov al, [0x600]
  cmp al, bl
  jb wait
  mov al, '.'
  call put
  inc bl
  cmp bl, ${rounds}
  jb round
  mov si, offset text
say:
  mov al, cs:[si]
  test al, al
  jz rest
  call put
  inc si
  jmp say
rest:
  hlt
  jmp rest

put:
  mov dx, 0x3f8
  out dx, al
  ret

tick:
  push ax
  inc byte ptr [0x600]
  mov al, 0x20
  out 0x20, al
  pop ax
  iret

vectors: .word 0x3ff, 0, 0
text: .asciz "${TINY_GUEST_SAYS}\\n"
`;

/**
 * Makes the guest in a folder.
 * @returns path of its spec
 */
export function tinyGuest(
  folder: string,
  { ballast = 0, rounds = 12, work = 20_000, fill = 0x8000, code, spec: more = {} }: TinyGuestOptions = {},
): string {
  const bios = Buffer.alloc(BIOS_BYTES);
  bios.set(assemble(code ?? firmware(rounds, work, fill), 0).bytes);
  for (let i = 0, x = 1; i < ballast; i++) {
    x = (Math.imul(x, 1_103_515_245) + 12_345) >>> 0;
    bios[BALLAST_AT + i] = x >>> 16;
  }
  bios.set([0xea, 0, 0, 0, 0xf0], RESET_VECTOR); // jmp 0xf000:0
  writeFileSync(join(folder, 'bios.bin'), bios);
  writeFileSync(join(folder, 'vgabios.bin'), Buffer.alloc(4096));
  writeFileSync(join(folder, 'floppy.img'), Buffer.alloc(FLOPPY_BYTES));
  const spec = join(folder, 'tiny.yaml');
  writeFileSync(
    spec,
    JSON.stringify({
      ...{ name: 'tiny', memory: '1M', firmware: { bios: './bios.bin', vgaBios: './vgabios.bin' } },
      boot: { kind: 'disk', fda: './floppy.img' },
      ...more,
    }),
  );
  return spec;
}
