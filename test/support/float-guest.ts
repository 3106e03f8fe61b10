/**
 * A firmware that runs every form of the FPU's, MMX and SSE instructions, a few at a time, in states of all kinds:
 * exceptions masked or not, pending or not, registers full or empty, numbers at the borders of what formats hold.
 */
import { fpuForms } from '../engines/unicorn/support/fpu-forms.js';
import { FpuStates, seeded } from '../engines/unicorn/support/fpu-values.js';
import type { OracleRecord } from '../engines/unicorn/support/fpu-oracle.js';
import { FIRMWARE_BASE, protectedFirmware } from './protected-firmware.js';

const IMAGES = { at: 0x20000, count: 40, bytes: 288 };
const OPERANDS = { at: 0x30000, bytes: 0x1000 };
const RESULT = 0x40000;
/** Where a handler of exceptions goes on. */
const RESUME = 0x704;
const FORMS_PER_BLOCK = 3;
/** #UD, #NM, #GP, #MF, #AC, #XM. */
const VECTORS = [6, 7, 13, 16, 17, 19];
const GATES = 0x800;

const bytesOf = (bytes: Uint8Array): string => `.byte ${[...bytes].join(', ')}`;

function images(states: FpuStates): { images: string[]; operands: Uint8Array } {
  const operands = new Uint8Array(OPERANDS.bytes);
  const made: string[] = [];
  for (let i = 0; i < IMAGES.count; i++) {
    const record = { image: new Uint8Array(512), memory: operands, setGpr: () => undefined };
    states.fill(record as unknown as OracleRecord, 0);
    made.push(bytesOf(record.image.subarray(0, IMAGES.bytes)));
  }
  return { images: made, operands };
}

/** @param first of the forms in the order of their names, modulo their number @returns the firmware, and how many forms there are */
export function floatFirmware(seed: number, blocks: number, turns: number): { code: string; forms: number } {
  const random = seeded(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const forms = fpuForms({ variants: 1, random });
  const made = images(new FpuStates(random));
  const order = forms.map((form) => ({ form, key: random() })).sort((a, b) => a.key - b.key);
  const block = (_: unknown, i: number): string => {
    const chosen = Array.from(
      { length: FORMS_PER_BLOCK },
      (__, k) => order[(i * FORMS_PER_BLOCK + k) % order.length]!.form,
    );
    return [
      `mov dword ptr [${RESUME}], offset after${i}`,
      `and dword ptr [${RESUME}], 0xffff`,
      'imul ebp, ebp, 1664525\n add ebp, 1013904223\n mov esi, ebp\n shr esi, 8\n and esi, 0xf70',
      `add esi, ${OPERANDS.at}\n lea edi, [esi + 0x40]`,
      `fxrstor [${IMAGES.at + IMAGES.bytes * below(IMAGES.count)}]`,
      below(3) === 0 ? '' : 'fnclex',
      ...chosen.map(({ bytes }) => `xor ecx, ecx\n ${bytesOf(bytes)}`),
      below(2) === 0 ? 'fwait' : '',
      `after${i}: fxsave [${RESULT}]`,
    ].join('\n ');
  };
  const gate = (vector: number): string =>
    `mov [${GATES + 8 * vector}], eax\n mov dword ptr [${GATES + 8 * vector + 4}], 0x8e00`;
  const copy = (label: string, to: number, bytes: number): string =>
    `mov esi, offset ${label}\n and esi, 0xffff\n add esi, ${FIRMWARE_BASE}\n mov edi, ${to}\n mov ecx, ${bytes}\n rep movsb`;
  const setup = `
  mov eax, cr4
  or eax, 0x600
  mov cr4, eax
  mov eax, cr0
  or eax, 0x22
  mov cr0, eax
  mov eax, offset skip
  and eax, 0xffff
  or eax, 0x80000
  ${VECTORS.map(gate).join('\n ')}
  cld
  ${copy('images', IMAGES.at, IMAGES.bytes * IMAGES.count)}
  ${copy('operands', OPERANDS.at, OPERANDS.bytes)}`;
  const data = `
skip:
  mov esp, 0x7000
  sti
  jmp dword ptr [${RESUME}]
images: ${made.images.join('\n ')}
operands: ${bytesOf(made.operands)}`;
  const body = Array.from({ length: blocks }, block).join('\n ');
  return { code: protectedFirmware({ seed: seed | 1, turns, body, setup, data }), forms: forms.length };
}
