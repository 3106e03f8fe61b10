/** How far a run goes is known before it has gone there. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { replay } from '../../relog/replay.js';
import { lastPosition, recordedInstructions } from '../../relog/run-length.js';
import { verify } from '../../relog/verify.js';
import { PROJECT } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';

for (const version of ['v1', 'v2']) {
  const [recording, relog] = ['tiny.dcr', 'tiny.relog'].map((name) => join(PROJECT, 'test/fixtures', version, name));

  test(`of a recording and a relog: ${version}`, async (t) => {
    const totals = new Set<number | null>();
    const { instructions } = await replay({
      ...{ input: recording!, verify: true },
      onProgress: ({ total }) => void totals.add(total),
    });
    t.is(recordedInstructions(recording!), instructions);
    t.deepEqual([...totals], [instructions]);
    t.is(lastPosition(relog!), (await verify({ input: relog! })).instructions);
  });
}

test('of what is cut off as far as it goes; of what is none, and of a pipe, nothing', async (t) => {
  const folder = temporaryFolder(t);
  const whole = readFileSync(join(PROJECT, 'test/fixtures/v2/tiny.relog'));
  const cut = join(folder, 'cut.relog');
  writeFileSync(cut, whole.subarray(0, -1));
  t.is(lastPosition(cut), lastPosition(join(PROJECT, 'test/fixtures/v2/tiny.relog')));
  writeFileSync(cut, whole.subarray(0, 40));
  t.is(lastPosition(cut), null);
  t.is(recordedInstructions(cut), null);
  const pipe = join(folder, 'pipe');
  await execa('mkfifo', [pipe]);
  for (const path of [pipe, '-', join(folder, 'nowhere')]) t.is(lastPosition(path), null);
});
