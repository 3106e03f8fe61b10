/**
 * A guest that runs ten instructions of rare forms now and then, and works with others in between. For tests that make the
 * simulator wrong for those ten.
 */
import { tinyGuest } from './tiny-guest.js';

/** The rare forms, as DECOUPLE_TEST_FORMS has them, each with what it gets wrong. */
export const TEN_FORMS = [
  '0fc8:eax',
  '0fc1:memory',
  '0fa4:flags',
  '6b:edx',
  '0fbc:ecx',
  'c8:ebp',
  'd7:eax',
  '0fb0:memory',
  'd2/2:flags',
  '98:edx',
].join(',');

/**
 * @param rounds in each of which every rare form comes once
 * @param work turns of a loop of five instructions between rounds
 * @returns path of its spec
 */
export function healingGuest(folder: string, rounds: number, work: number): string {
  return tinyGuest(folder, { code: firmware(rounds, work) });
}

const firmware = (rounds: number, work: number): string => `
.code16
  cli
  xor ax, ax
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov sp, 0x7000
  mov esi, ${rounds}
  mov ebp, 0x1234
  cld
round:
  mov ecx, ${work}
work:
  imul eax, ecx
  xor eax, 0x1234567
  add [0x620], eax
  dec ecx
  jnz work
  mov edx, eax
  bswap eax
  xadd [0x630], edx
  shld edx, eax, 5
  setc [0x640]
  imul edx, eax, 7
  or edx, 1
  bsf ecx, edx
  enter 16, 0
  mov [0x650], edx
  mov [0x654], ecx
  leave
  mov bx, 0x620
  xlatb
  mov [0x658], eax
  cmpxchg [0x660], dl
  mov cl, 3
  rcl dl, cl
  adc dword ptr [0x664], 0
  cbw
  mov [0x668], eax
  mov [0x66c], edx
  mov al, '.'
  mov dx, 0x3f8
  out dx, al
  dec esi
  jnz round
  mov si, offset text
say:
  mov al, cs:[si]
  test al, al
  jz rest
  mov dx, 0x3f8
  out dx, al
  inc si
  jmp say
rest:
  hlt
  jmp rest
text: .asciz "healing guest done\\n"
`;
export const HEALING_GUEST_SAYS = 'healing guest done';
