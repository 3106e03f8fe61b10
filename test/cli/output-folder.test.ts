/** An output among the inputs of its command: what is read stays what it is, whether the command succeeds or fails. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { EXIT_STATUS } from '../../formats/errors.js';
import { decouple, PROJECT } from '../support/cli.js';
import { cutTo, FIRST_FRAME } from '../support/files.js';
import { temporaryFolder } from '../support/folder.js';
import { tinyGuest } from '../support/tiny-guest.js';

const RELOG = join(PROJECT, 'test/fixtures/v2/tiny.relog');
const BYTES = readFileSync(RELOG);

for (const place of ['run.relog', 'deeper/run.relog']) {
  test(`reports beside the relog: ${place}`, async (t) => {
    const folder = temporaryFolder(t);
    const input = join(folder, place);
    mkdirSync(join(input, '..'), { recursive: true });
    copyFileSync(RELOG, input);
    for (const [given, out] of [
      [input, folder],
      [place, '.'],
    ] as const) {
      for (const force of [[], ['--force']]) {
        const args = ['analyze', given, '-a', 'profile', '-o', out, ...force];
        const { status, stderr } = await decouple(args, { cwd: folder });
        const expected = out === '.' && force.length === 0 ? EXIT_STATUS.exists : EXIT_STATUS.ok;
        t.is(status, expected, `${args.join(' ')}: ${stderr}`);
        t.true(readFileSync(input).equals(BYTES), args.join(' '));
        t.true(readdirSync(folder).includes('profile.txt'));
      }
    }
  });
}

test('a command that fails leaves what is in the folder', async (t) => {
  const folder = temporaryFolder(t);
  copyFileSync(RELOG, join(folder, 'whole'));
  const cut = cutTo(join(folder, 'whole'), FIRST_FRAME + 10);
  const bytes = readFileSync(cut);
  const damaged = await decouple(['analyze', cut, '-a', 'profile', '-o', folder, '--force']);
  t.is(damaged.status, EXIT_STATUS.damaged, damaged.stderr);
  t.true(readFileSync(cut).equals(bytes));
  const symbols = join(folder, 'symbols');
  writeFileSync(symbols, 'no program');
  const args = ['analyze', RELOG, '-a', 'profile', '-o', folder, '--force', '--symbols', symbols];
  t.not((await decouple(args)).status, EXIT_STATUS.ok);
  t.is(readFileSync(symbols, 'utf8'), 'no program');
});

test('a recording through a pipe, whose disk is beside the output', async (t) => {
  const folder = temporaryFolder(t);
  const image = join(folder, 'hda.img');
  writeFileSync(image, Buffer.alloc(64 << 10));
  const guest = tinyGuest(folder, { rounds: 1, work: 20, fill: 0x100, spec: { disks: { hda: './hda.img' } } });
  const recording = join(folder, 'run.dcr');
  const made = await decouple(['record', guest, '--start', 'power-on', '--for', '10k', '-o', recording]);
  t.is(made.status, EXIT_STATUS.ok, made.stderr);
  const relog = join(folder, 'run.relog');
  const piped = await decouple(['relog', '-', '-o', relog], { input: readFileSync(recording) });
  t.is(piped.status, EXIT_STATUS.ok, piped.stderr);
  t.is((await decouple(['verify', relog])).status, EXIT_STATUS.ok);
  t.is(readFileSync(image).length, 64 << 10);
});
