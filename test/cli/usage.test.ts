/** Command lines that cannot be understood, and what is refused before any work is done. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { EXIT_STATUS } from '../../formats/errors.js';
import { decouple } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';

const WRONG: [string, string[]][] = [
  ['no command', []],
  ['an unknown command', ['rewind', 'x']],
  ['an unknown subcommand', ['guests', 'feed']],
  ['a missing file', ['verify']],
  ['one file too many', ['verify', 'a', 'b']],
  ['an unknown option', ['verify', 'a', '--jsn']],
  ['an option twice', ['relog', 'a', '-o', 'b', '-o', 'c']],
  ['an empty option', ['relog', 'a', '-o', '']],
  ['an option without its value', ['record', 'g', '-o', 'a', '--session']],
  ['no output', ['relog', 'a']],
  ['a bad count', ['relog', 'a', '-o', 'b', '--keyframe-every', '5q']],
  ['a count of nothing', ['relog', 'a', '-o', 'b', '--keyframe-every', '0']],
  ['a bad limit', ['record', 'g', '-o', 'a', '--for', '3 days']],
  ['a bad seed', ['record', 'g', '-o', 'a', '--for', '3s', '--seed', '-1']],
  ['a bad pattern', ['record', 'g', '-o', 'a', '--until', '(']],
  ['a bad start', ['record', 'g', '-o', 'a', '--for', '3s', '--start', 'never']],
  ['a recording that nothing ends', ['record', 'g', '-o', 'a']],
  ['a bad network', ['record', 'g', '-o', 'a', '--for', '3s', '--net', 'tap']],
  ['a forward without a network', ['record', 'g', '-o', 'a', '--for', '3s', '--forward', 'tcp:8080:80']],
  ['a bad forward', ['record', 'g', '-o', 'a', '--for', '3s', '--net', 'user', '--forward', '8080:80']],
  ['a port that is none', ['record', 'g', '-o', 'a', '--for', '3s', '--net', 'user', '--forward', 'tcp:8080:65536']],
  ['an export of nothing', ['export', 'a', '-o', 'b']],
  ['a position that is none', ['dump', 'a', '--from', 'soon']],
  ['a range that ends before it begins', ['dump', 'a', '--from', '2M', '--to', '1M']],
  ['ports that are none', ['dump', 'a', '--port', '0x3ff-0x3f8']],
  ['a port beyond the last', ['dump', 'a', '--port', '0x10000']],
  ['one file to compare', ['diff', 'a']],
  ['a recording without --explain', ['verify', 'a', '--recording', 'b']],
  ['a disk without a recording', ['verify', 'a', '--explain', '--disk', 'hda=b']],
  ['an unknown analysis', ['analyze', 'a', '-o', 'b', '-a', 'astrology']],
];

for (const [what, args] of WRONG) {
  test(`usage: ${what}`, async (t) => {
    const { status, stdout, stderr } = await decouple(args);
    t.is(status, EXIT_STATUS.usage, stderr);
    t.is(stdout, '');
    t.regex(stderr, /^decouple: .+[.?!]\n.+\.$/);
  });
}

test('with --json the error is an object on stdout as well', async (t) => {
  const { status, stdout, stderr } = await decouple(['relog', 'a', '-o', 'b', '--keyframe-every', '5q', '--json']);
  t.is(status, EXIT_STATUS.usage);
  const { error } = JSON.parse(stdout) as { error: { code: string; message: string; advice: string } };
  t.is(error.code, 'usage');
  t.is(stderr, `decouple: ${error.message}\n${error.advice}`);
});

test('with --debug the stack follows', async (t) => {
  const { stderr } = await decouple(['relog', 'a', '-o', 'b', '--keyframe-every', '5q', '--debug']);
  t.regex(stderr, /\n {4}at /);
});

test('an output that exists is not touched', async (t) => {
  const output = join(temporaryFolder(t), 'precious');
  writeFileSync(output, 'precious');
  for (const args of [
    ['record', 'linux', '--for', '3s', '-o', output],
    ['relog', 'none.dcr', '-o', output],
  ]) {
    const { status, stderr } = await decouple(args);
    t.is(status, EXIT_STATUS.exists, stderr);
    t.true(stderr.includes(output));
  }
  t.is(readFileSync(output, 'utf8'), 'precious');
});

test('a session file that is missing', async (t) => {
  const folder = temporaryFolder(t);
  const { status } = await decouple(['record', 'g', '-o', join(folder, 'a'), '--session', join(folder, 'none.yaml')]);
  t.is(status, EXIT_STATUS.input);
});

test('a session file that makes no sense', async (t) => {
  const folder = temporaryFolder(t);
  const session = join(folder, 'session.yaml');
  writeFileSync(session, '- dance: wildly\n');
  const { status, stderr } = await decouple(['record', 'g', '-o', join(folder, 'a'), '--session', session]);
  t.is(status, EXIT_STATUS.usage, stderr);
});

test('a guest that nobody knows', async (t) => {
  const { status, stderr } = await decouple(['guests', 'show', 'no-such-guest']);
  t.is(status, EXIT_STATUS.guest, stderr);
  t.true(stderr.includes('no-such-guest'));
});

for (const command of [
  'record',
  'replay',
  'relog',
  'verify',
  'analyze',
  'export',
  'guests',
  'info',
  'stats',
  'dump',
  'diff',
]) {
  test(`${command} --help has an example`, async (t) => {
    const { status, stdout } = await decouple([command, '--help']);
    t.is(status, EXIT_STATUS.ok);
    t.regex(stdout, new RegExp(`Examples:\\n +decouple ${command} `));
  });
}
