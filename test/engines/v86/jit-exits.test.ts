/** Compiled code that is left in the middle: its count is of whole blocks, and what was not retired is taken off. */
import { join } from 'node:path';
import test from 'ava';
import type { StatsResult } from '../../../relog/inspect/stats.js';
import { decouple } from '../../support/cli.js';
import { protectedFirmware } from '../../support/protected-firmware.js';
import { temporaryFolder } from '../../support/folder.js';
import { relogsExactly, run } from '../../support/stages.js';
import { tinyGuest, TINY_GUEST_SAYS } from '../../support/tiny-guest.js';

/** Until what spins is compiled: each store throws all compiled code of the page away. */
const SPINS = 6_000_000;
const CODE = 0x8000;
const DATA = CODE + 0x800;

const STORES = [
  `mov [${DATA}], eax`,
  `add byte ptr [${DATA}], 3`,
  `movups [${DATA + 0x10}], xmm0`,
  `fst qword ptr [${DATA + 0x20}]`,
  `xadd [${DATA}], eax`,
  `cmpxchg [${DATA}], edx`,
];
const FILLER = 'inc eax; xor edx, eax; nop; nop; rol edx, 3; nop; add esi, edx';
/** First in its block, in the middle, last, and behind STI. */
const PLACES = [
  (store: string) => `${store}; ${FILLER}`,
  // In two blocks: the one of STI, and the loop's own.
  (store: string, i: number) => `mov ebx, 3; sti; again${i}: ${store}; dec ebx; jnz again${i}`,
  (store: string) => `inc eax; ${store}; ${FILLER}`,
  (store: string) => `${FILLER}; ${store}`,
];

test('positions are exact where compiled code stores into its own page', async (t) => {
  const folder = temporaryFolder(t);
  const loops = STORES.flatMap((store, i) => PLACES.map((place, j) => place(store, i * PLACES.length + j)));
  const code = protectedFirmware({
    seed: 1,
    turns: 1,
    setup: `
      mov eax, cr4
      or eax, 0x200
      mov cr4, eax
      fninit
      mov esi, offset copied
      mov edi, ${CODE}
      mov ecx, offset end
      sub ecx, esi
    copy:
      mov al, cs:[esi]
      mov [edi], al
      inc esi
      inc edi
      dec ecx
      jnz copy`,
    body: `
      .byte 0x9a
      .long ${CODE}
      .word 0x18`,
    data: `
copied:
${loops
  .map(
    (loop, i) => `
  mov ecx, ${SPINS}
loop${i}:
  dec ecx
  jnz loop${i}
  ${loop}`,
  )
  .join('')}
  retf
end:`,
  });
  const spec = tinyGuest(folder, { code });
  const recording = join(folder, 'run.dcr');
  await run(t, 'record', spec, '--start', 'power-on', '--until', TINY_GUEST_SAYS, '-o', recording);
  const { stdout } = await decouple(['stats', recording, '--json']);
  const { events } = JSON.parse(stdout) as StatsResult;
  // Where nothing is compiled, nothing is left.
  t.true((events.find(({ kind }) => kind === 'module')?.events ?? 0) > loops.length / 2);
  await relogsExactly(t, recording);
});
