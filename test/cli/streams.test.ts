/** Files that come through a pipe. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { EXIT_STATUS } from '../../formats/errors.js';
import { decouple, PROJECT } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';

const FIXTURES = ['v1', 'v2'].map((version) => join(PROJECT, 'test/fixtures', version));

for (const folder of FIXTURES) {
  test(`info, verify and replay read standard input: ${folder.slice(-2)}`, async (t) => {
    const [recording, relog] = [readFileSync(join(folder, 'tiny.dcr')), readFileSync(join(folder, 'tiny.relog'))];
    const fromFile = await decouple(['info', join(folder, 'tiny.dcr'), '--json']);
    const piped = await decouple(['info', '-', '--json'], { input: recording });
    t.is(piped.status, EXIT_STATUS.ok, piped.stderr);
    t.deepEqual(JSON.parse(piped.stdout), JSON.parse(fromFile.stdout));
    t.is((await decouple(['verify', '-'], { input: relog })).status, EXIT_STATUS.ok);
    t.is((await decouple(['replay', '-', '--verify'], { input: recording })).status, EXIT_STATUS.ok);
  });
}

test('what is cut off in a pipe, and what reads twice, is said', async (t) => {
  const relog = readFileSync(join(FIXTURES[1]!, 'tiny.relog'));
  const { stdout } = await decouple(['info', '-', '--json'], { input: relog.subarray(0, -1) });
  t.like(JSON.parse(stdout), { cutOff: true, kind: 'relog' });
  const twice = await decouple(['analyze', '-', '-a', 'coverage', '-o', '/nowhere'], { input: relog });
  t.is(twice.status, EXIT_STATUS.usage);
  t.regex(twice.stderr, /standard input can only be read once/);
});

test('names behind --, which may begin like an option', async (t) => {
  const relog = readFileSync(join(FIXTURES[1]!, 'tiny.relog'));
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, '--json'), relog);
  t.is((await decouple(['info', '--json', '--', '-'], { input: relog })).status, EXIT_STATUS.ok);
  const { status, stdout } = await decouple(['info', '--json', '--', '--json'], { cwd: folder });
  t.is(status, EXIT_STATUS.ok);
  t.like(JSON.parse(stdout), { kind: 'relog' });
});
