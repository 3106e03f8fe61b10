/** Gates that are none, and what meets the delivery of exceptions: as a processor does, and the same in the simulator. */
import { join } from 'node:path';
import test from 'ava';
import { ABSENT, START } from '../../support/fault-guest.js';
import { check, type Expected } from '../../support/fault-stages.js';
import { temporaryFolder } from '../../support/folder.js';
import { relogsExactly, run } from '../../support/stages.js';
import { tinyGuest } from '../../support/tiny-guest.js';

/** Where the firmware has its table of vectors. */
const IDT = 0xa000;
const gate = (vector: number): number => IDT + 8 * vector;
const access = (vector: number, byte: number): string => `mov byte ptr [${gate(vector) + 5}], ${byte}`;
const selector = (vector: number, value: number): string =>
  `mov word ptr [${gate(vector) + 2}], ${value}; ${access(vector, 0xee)}`;

const NOT_PRESENT = 11;
const PROTECTION = 13;

/** INT n by a user. */
function software(vector: number, before: string, raised: number, error: number): Expected {
  return { code: `int ${vector}`, before, ends: { vector: raised, error, eip: 0 } };
}

test('software interrupts whose gates are barred', (t) =>
  check(t, [
    software(0x31, access(0x31, 0x6e), NOT_PRESENT, 0x18a),
    software(0x32, access(0x32, 0xe0), PROTECTION, 0x192),
    software(0x33, selector(0x33, 0), PROTECTION, 0),
    software(0x34, selector(0x34, 0x10), PROTECTION, 0x10),
    software(0x35, selector(0x35, 0x58), PROTECTION, 0x58),
    software(0x36, selector(0x36, 0x50), NOT_PRESENT, 0x50),
    software(0x37, selector(0x37, 0x30), PROTECTION, 0),
    software(0x38, access(0x38, 0x8e), PROTECTION, 0x1c2),
    software(0x39, access(0x39, 0xfe), PROTECTION, 0x1ca),
    software(0x3a, `mov word ptr [0xb806], 0x1cf; mov dword ptr [0xb808], ${IDT}; lidt [0xb806]`, PROTECTION, 0x1d2),
  ]));

test('exceptions whose gates are barred', (t) =>
  check(t, [
    { code: 'ud2', before: access(6, 0x0e), ends: { vector: NOT_PRESENT, error: 0x33, eip: 0 } },
    { code: 'ud2', before: access(6, 0x8a), ends: { vector: PROTECTION, error: 0x33, eip: 0 }, system: true },
    { code: 'xor ecx, ecx; div ecx', before: selector(0, 0), ends: { vector: 8, error: 0, eip: 2 } },
    { code: 'inc eax; .byte 0xf1; nop', before: selector(1, 0x10), ends: { vector: PROTECTION, error: 0x11, eip: 2 } },
    { code: `mov eax, [${ABSENT} + 8]`, before: access(14, 0), ends: { vector: 8, error: 0, cr2: ABSENT + 8, eip: 0 } },
    { code: 'mov ax, 0x50; mov ds, ax', before: access(11, 0), ends: { vector: 8, error: 0, eip: 4 } },
  ]));

test('control registers', (t) =>
  check(t, [
    {
      code: 'mov eax, 0x10018; mov cr3, eax; mov ebx, cr3; mov eax, 0x10000; mov cr3, eax; int 0x30',
      system: true,
      ends: { vector: 0x30, ebx: 0x10018 },
    },
    // With any bits for a mode: there is none
    { code: '.byte 0x0f, 0x20, 0x59', ends: { vector: PROTECTION, error: 0, eip: 0, ecx: START.ecx } },
    { code: 'mov ecx, cr3', ends: { vector: PROTECTION, error: 0, eip: 0, ecx: START.ecx } },
    { code: 'mov eax, 0x80000000; mov cr0, eax', system: true, ends: { vector: PROTECTION, error: 0, eip: 5 } },
    { code: 'mov eax, 0xa0000001; mov cr0, eax', system: true, ends: { vector: PROTECTION, error: 0, eip: 5 } },
    // What is reserved in CR4, or belongs to what this processor has not
    ...[0, 1, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 31].map((bit) => ({
      code: `mov eax, cr4; bts eax, ${bit}; mov cr4, eax`,
      system: true,
      ends: { vector: PROTECTION, error: 0, eip: 7 },
    })),
  ]));

test('a third fault in a row resets the PC', async (t) => {
  const folder = temporaryFolder(t);
  const at = (name: string): string => join(folder, name);
  const code = `
.code16
start:
  cli
  mov dx, 0x3f8
  mov al, 'A'
  out dx, al
  lidt cs:[none]
  int 0x21
  hlt
none: .word 0, 0, 0
`;
  const spec = tinyGuest(folder, { code });
  await run(t, 'record', spec, '--start', 'power-on', '--until', 'AAAA', '-o', at('run.dcr'));
  await relogsExactly(t, at('run.dcr'));
});
