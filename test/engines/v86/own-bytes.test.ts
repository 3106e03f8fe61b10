/** Instructions that store over their own bytes: what they were is what they did. */
import { join } from 'node:path';
import test from 'ava';
import { protectedFirmware } from '../../support/protected-firmware.js';
import { temporaryFolder } from '../../support/folder.js';
import { relogsExactly, run } from '../../support/stages.js';
import { tinyGuest, TINY_GUEST_SAYS } from '../../support/tiny-guest.js';

const CODE = 0x8000;
/** With how many bytes they store: the last of them is over the instruction's last. */
const FORMS: readonly [string, number][] = [
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
];

test('the simulator does what they did', async (t) => {
  const folder = temporaryFolder(t);
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
    data: FORMS.map(([form], i) => `form${i}: ${form}\nend${i}: nop\n retf\n .fill 64, 1, 0xcb\n`).join(''),
  });
  const spec = tinyGuest(folder, { code });
  const recording = join(folder, 'run.dcr');
  await run(t, 'record', spec, '--start', 'power-on', '--until', TINY_GUEST_SAYS, '-o', recording);
  await relogsExactly(t, recording);
});
