/** Debug exceptions: single steps. */
import test from 'ava';
import { DATA, START, STACK } from '../../support/fault-guest.js';
import { check } from '../../support/fault-stages.js';

const DONE = 'int 0x30';
const END = { vector: 0x30 } as const;
const DEBUG = { vector: 1, error: 0 } as const;
const TRAP = 'pushfd; or dword ptr [esp], 0x100; popfd;';
/** How many bytes TRAP has. */
const AFTER = 9;
/** A handler of the system's own: counts in EBX, and lets the code go on. */
const COUNTING = `
  mov word ptr [0xa008], 0xe000; mov word ptr [0xa00e], 0
  xor eax, eax; mov dr6, eax
  mov byte ptr [0xe000], 0x43; mov byte ptr [0xe001], 0xcf`;

test('a trap follows the instruction after the one that sets TF', (t) =>
  check(t, [
    { code: `${TRAP} inc eax; inc eax; ${DONE}`, ends: { ...DEBUG, eip: AFTER + 1, eax: START.eax + 1, flags: 0x102 } },
    { code: `${TRAP} mov eax, [esi]; inc eax; ${DONE}`, ends: { ...DEBUG, eip: AFTER + 2, eax: 0x5a5a5a5a } },
    { code: `${TRAP} jmp 1f; inc eax; 1: inc ebx; ${DONE}`, ends: { ...DEBUG, eip: AFTER + 3, ebx: START.ebx } },
    { code: `${TRAP} push eax; ${DONE}`, ends: { ...DEBUG, eip: AFTER + 1, esp: STACK - 4 } },
    { code: `${TRAP} rep movsb; ${DONE}`, ends: { ...DEBUG, eip: AFTER + 2, ecx: 0, esi: DATA + 3 } },
    { code: `${TRAP} popfd; ${DONE}`, ends: { ...DEBUG, eip: AFTER + 1 } },
    { code: `${TRAP} lock xadd [esi], eax; ${DONE}`, ends: { ...DEBUG, eip: AFTER + 4 } },
    { code: `${TRAP} cpuid; ${DONE}`, ends: { ...DEBUG, eip: AFTER + 2 } },
    { code: `${TRAP} fld1; ${DONE}`, ends: { ...DEBUG, eip: AFTER + 2 } },
    { code: `${TRAP} mov ax, ds; ${DONE}`, ends: { ...DEBUG, eip: AFTER + 3 } },
    { code: `${TRAP} pause; ${DONE}`, ends: { ...DEBUG, eip: AFTER + 2 } },
    // The shadow of a load of SS
    {
      code: `mov ecx, ss; ${TRAP} mov ss, ecx; inc eax; inc eax; ${DONE}`,
      ends: { ...DEBUG, eip: AFTER + 5, eax: START.eax + 1 },
    },
    {
      code: `push ss; ${TRAP} pop ss; inc eax; inc eax; ${DONE}`,
      ends: { ...DEBUG, eip: AFTER + 3, eax: START.eax + 1 },
    },
  ]));

test('what is delivered otherwise has no trap', (t) =>
  check(t, [
    { code: `${TRAP} ${DONE}`, ends: { ...END, eip: AFTER + 2 } },
    { code: `${TRAP} ud2`, ends: { vector: 6, error: 0, eip: AFTER } },
    { code: `${TRAP} mov eax, [0x42000]`, ends: { vector: 14, error: 4, eip: AFTER } },
    { code: `${TRAP} .byte 0xf1; nop; ${DONE}`, ends: { ...DEBUG, eip: AFTER + 1 } },
  ]));

test('the system is stepped too, and DR6 says so', (t) =>
  check(t, [
    { code: `${TRAP} inc eax; inc eax; ${DONE}`, system: true, ends: { ...DEBUG, eip: AFTER + 1, eax: START.eax + 1 } },
    { code: `${TRAP} hlt; inc eax; ${DONE}`, system: true, ends: { ...DEBUG, eip: AFTER + 1 } },
    { code: `${TRAP} cli; inc eax; ${DONE}`, system: true, ends: { ...DEBUG, eip: AFTER + 1 } },
    {
      code: `${TRAP} inc eax; inc eax; inc eax; pushfd; and dword ptr [esp], 0xfffffeff; popfd; inc eax; ${DONE}`,
      system: true,
      before: COUNTING,
      ends: { ...END, eax: START.eax + 4, ebx: START.ebx + 6 },
    },
    {
      code: `${TRAP} inc eax; mov ecx, dr6; ${DONE}`,
      system: true,
      before: COUNTING,
      ends: { ...END, ebx: START.ebx + 2, ecx: 0xffff4ff0 },
    },
  ]));
