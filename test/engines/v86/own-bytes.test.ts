/** Instructions that store over their own bytes: what they were is what they did. */
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { paging } from '../../support/paging.js';
import { protectedFirmware } from '../../support/protected-firmware.js';
import { temporaryFolder } from '../../support/folder.js';
import { relogsExactly, run } from '../../support/stages.js';
import { tinyGuest, TINY_GUEST_SAYS } from '../../support/tiny-guest.js';

const CODE = 0x8000;
/** With how many bytes they store: the last of them is over the instruction's last. */
const FORMS: readonly [form: string, bytes: number, after?: string][] = [
  ['fnstsw [edi]', 2],
  ['fnstcw [edi]', 2],
  ['fstp qword ptr [edi]', 8],
  ['fistp word ptr [edi]', 2],
  ['mov [edi], eax', 4],
  ['add [edi], al', 1],
  ['stosd', 4],
  ['movsd', 4],
  ['xchg [edi], eax', 4],
  ['lock cmpxchg8b [edi]', 8],
  ['movups [edi], xmm1', 16],
  ['movntq [edi], mm1', 8],
  ['fnstenv [edi]', 28],
  ['stmxcsr [edi]', 4],
  ['setc [edi]', 1],
  ['sgdt [edi]', 6],
  ['bts dword ptr [edi], 3', 4],
  ['mov edx, esp; lea esp, [edi + 4]; pushfd', 4, 'mov esp, edx'],
  ['mov edx, esp; lea esp, [edi + 2]; pushfw', 2, 'mov esp, edx'],
  ['mov edx, esp; lea esp, [edi + 4]; push eax', 4, 'mov esp, edx'],
  ['mov edx, esp; lea esp, [edi + 32]; pushad', 32, 'mov esp, edx'],
];

interface StringForm {
  form: string;
  /** What it stores; what is stored from is all 90h (NOP). */
  eax: number;
  /** Where EDI begins and ends, from the first of its bytes on; what is left in ECX of 40. As a processor has them. */
  from: number;
  to: number;
  left: number;
  back?: boolean;
  /** The upper half of ECX, which an instruction with 16-bit addresses leaves as it is. */
  upper?: number;
}

const NOPS = 0x90909090;
const STRING_FORMS: readonly StringForm[] = [
  { form: 'rep stosb', eax: NOPS, from: -10, to: 2, left: 29 },
  { form: 'rep stosd', eax: NOPS, from: -7, to: 5, left: 38 },
  { form: 'rep stosb', eax: NOPS, from: 20, to: 0, left: 20, back: true },
  { form: 'rep stosw', eax: NOPS, from: 9, to: -1, left: 35, back: true },
  { form: 'rep movsb', eax: 0, from: -10, to: 2, left: 29 },
  { form: 'rep movsd', eax: 0, from: -7, to: 5, left: 38 },
  { form: 'addr16 rep stosb', eax: NOPS, from: -10, to: 3, left: 28, upper: 0x50000 },
  // At first, what is there then is the same instruction.
  { form: 'rep stosw', eax: 0xf366, from: -2, to: 4, left: 37 },
];

test('the simulator does what they did', async (t) => {
  const copy = (size: number, i: number): string => `
  mov esi, offset form${i}
  mov edi, ${CODE}
  mov ecx, 64
back${i}:
  mov al, cs:[esi + ecx - 1]
  mov [edi + ecx - 1], al
  dec ecx
  jnz back${i}
  mov edi, end${i} - form${i}
  add edi, ${CODE - size}
  mov esi, 0x9000
  mov eax, ebp
  lea ebx, [ebp + 0x1234567]
  .byte 0x9a
  .long ${CODE}
  .word 0x18`;
  const code = protectedFirmware({
    seed: 7,
    turns: 300,
    setup: `
      mov eax, cr4
      or eax, 0x600
      mov cr4, eax
      fninit`,
    body: `
      fninit
      fld1
      fldpi
      ${FORMS.map(([, size], i) => copy(size, i)).join('')}
      imul ebp, ebp, 1664525
      add ebp, 1013904223`,
    data: FORMS.map(
      ([form, , after = ''], i) => `form${i}: ${form}\nend${i}: nop\n ${after}\n retf\n .fill 64, 1, 0xcb\n`,
    ).join(''),
  });
  await recordsExactly(t, code);
});

/** With paging, from here on are the pages of CODE and the one before it once more. */
const AGAIN = 0xb000;
const PAGES = paging({ [AGAIN]: CODE - 0x1000 + 3, [AGAIN + 0x1000]: CODE + 3 });

/** @param there where the instruction, which runs at CODE, stores to it */
function stringFirmware(there: number, setup: string): string {
  // The instruction, NOPs and a return are copied to CODE; if all is not as in the table then, the guest never ends.
  const turn = ({ from, to, left, eax, back, upper = 0 }: StringForm, i: number): string => `
  mov ecx, 160
back${i}:
  mov al, cs:[ecx + form${i} - 1]
  mov [ecx + ${CODE - 1}], al
  dec ecx
  jnz back${i}
  mov esi, 0x9000
  mov edi, ${there + from}
  mov ecx, ${40 + upper}
  mov eax, ${eax}
  ${back ? 'std' : ''}
  .byte 0x9a
  .long ${CODE}
  .word 0x18
  cld
  cmp edi, ${there + to}
  jne otherwise
  cmp ecx, ${left + upper}
  jne otherwise`;
  return protectedFirmware({
    seed: 9,
    turns: 200,
    setup: `
      mov edi, 0x9000
      mov ecx, 160
      mov al, 0x90
      rep stosb
      ${setup}`,
    body: `
      ${STRING_FORMS.map(turn).join('')}
      jmp fine
    otherwise:
      jmp otherwise
    fine:`,
    data: STRING_FORMS.map(({ form }, i) => `form${i}: ${form}\n .fill 120, 1, 0x90\n .fill 64, 1, 0xcb\n`).join(''),
  });
}

test('a string instruction with REP is read again', (t) => recordsExactly(t, stringFirmware(CODE, '')));

test('also where it stores by way of another page', (t) =>
  recordsExactly(t, stringFirmware(AGAIN + 0x1000, PAGES.code)));

async function recordsExactly(t: ExecutionContext, code: string): Promise<void> {
  const folder = temporaryFolder(t);
  const spec = tinyGuest(folder, { code });
  const recording = join(folder, 'run.dcr');
  await run(t, 'record', spec, '--start', 'power-on', '--until', TINY_GUEST_SAYS, '-o', recording);
  await relogsExactly(t, recording);
}
