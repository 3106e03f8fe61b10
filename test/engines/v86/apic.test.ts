/** The local APIC and the IOAPIC, whose registers the machine reads whole: reads of any size and place. */
import { join } from 'node:path';
import test from 'ava';
import { protectedFirmware } from '../../support/protected-firmware.js';
import { temporaryFolder } from '../../support/folder.js';
import { relogsExactly, run } from '../../support/stages.js';
import { tinyGuest, TINY_GUEST_SAYS } from '../../support/tiny-guest.js';

const VERSION = 0xfee00030;
const SELECTED = 0xfec00010;

const READS = [VERSION, SELECTED].flatMap((register) =>
  [0, 1, 2, 3].flatMap((offset) => [
    `movzx ebx, byte ptr ds:[${register + offset}]; add eax, ebx`,
    `movzx ebx, word ptr ds:[${register + offset}]; add eax, ebx`,
    `add eax, ds:[${register + offset}]`,
  ]),
);

test('registers are read in part, and across borders', async (t) => {
  const folder = temporaryFolder(t);
  const spec = tinyGuest(folder, {
    code: protectedFirmware({ seed: 1, turns: 200, setup: '', body: READS.join('\n') }),
  });
  const recording = join(folder, 'run.dcr');
  await run(t, 'record', spec, '--start', 'power-on', '--until', TINY_GUEST_SAYS, '-o', recording);
  await relogsExactly(t, recording);
});
