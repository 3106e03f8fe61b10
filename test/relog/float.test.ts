/** x87, MMX and SSE: the machine and the simulator, which runs them on this computer's processor, agree in every bit. */
import { join } from 'node:path';
import test from 'ava';
import type { VerifyResult } from '../../relog/api.js';
import { decouple } from '../support/cli.js';
import { floatFirmware } from '../support/float-guest.js';
import { temporaryFolder } from '../support/folder.js';
import { run } from '../support/stages.js';
import { THOROUGH } from '../support/thorough.js';
import { tinyGuest, TINY_GUEST_SAYS } from '../support/tiny-guest.js';

/** All that may differ: results that the manual leaves open. */
const OPEN = ['x87-transcendental'];

const [seeds, blocks, turns] = THOROUGH ? [8, 250, 3000] : [2, 240, 60];
for (let seed = 1; seed <= seeds; seed++) {
  test.serial(
    `floating point agrees, interpreted and compiled, with exceptions and without: seed ${seed}`,
    async (t) => {
      const folder = temporaryFolder(t);
      const at = (name: string): string => join(folder, name);
      const { code, forms } = floatFirmware(seed, blocks, turns);
      t.true(forms > 600);
      t.true(blocks * 3 > forms);
      const spec = tinyGuest(folder, { code });
      await run(t, 'record', spec, '--start', 'power-on', '--until', TINY_GUEST_SAYS, '-o', at('run.dcr'));
      await run(t, 'relog', at('run.dcr'), '-o', at('run.relog'));
      const { stdout } = await decouple(['verify', at('run.relog'), '--json']);
      const { exact, events, forgiven, first } = JSON.parse(stdout) as VerifyResult;
      t.true(exact, JSON.stringify(first));
      t.deepEqual(
        Object.keys(forgiven).filter((row) => !OPEN.includes(row)),
        [],
      );
      t.true(events > blocks * turns);
    },
  );
}
