/** Paths that are no files, names that would steer a terminal, an output that takes nothing. */
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import fc from 'fast-check';
import { printable, printableJson, printableLine } from '../../cli/printable.js';
import { ContainerWriter, MAJOR_VERSION } from '../../formats/container/index.js';
import { EXIT_STATUS } from '../../formats/errors.js';
import { writeRelogHeader } from '../../formats/relog.js';
import { decouple, PROJECT } from '../support/cli.js';
import { STEERS } from '../fuzz/case.js';
import { temporaryFolder } from '../support/folder.js';
import { THOROUGH } from '../support/thorough.js';

const RECORDING = join(PROJECT, 'test/fixtures/v2/tiny.dcr');
const RELOG = join(PROJECT, 'test/fixtures/v2/tiny.relog');
const TIMEOUT_MS = 60_000;

/** A folder, a pipe, a device, and links to them. */
async function notFiles(folder: string): Promise<string[]> {
  const at = (name: string): string => join(folder, name);
  mkdirSync(at('folder'));
  await execa('mkfifo', [at('pipe')]);
  symlinkSync('/dev/zero', at('to-device'));
  symlinkSync(at('pipe'), at('to-pipe'));
  const all = [at('folder'), at('pipe'), '/dev/zero', at('to-device'), at('to-pipe')];
  return THOROUGH ? all : [at('pipe'), at('to-device')];
}

test('what is no file is read by none of the commands', async (t) => {
  const folder = temporaryFolder(t);
  const out = join(folder, 'out');
  for (const path of await notFiles(folder)) {
    const commands = [
      ['info', path],
      ['verify', path],
      ['replay', path],
      ['record', `${path}/../${path.split('/').pop()}`, '--for', '1s', '-o', out],
      ['record', 'debian-busybox', '--session', path, '-o', out],
      ['analyze', RELOG, '-a', 'profile', '--symbols', path, '-o', out],
    ];
    for (const args of commands) {
      const { status, stderr } = await decouple(args, { timeout: TIMEOUT_MS });
      t.is(status, EXIT_STATUS.input, `${args.join(' ')}: ${status}, ${stderr}`);
      t.regex(stderr, /it is a (folder|pipe|device), not a file\.\n/);
    }
  }
});

test('a store whose marker is a pipe, and a disk that is a device, are refused', async (t) => {
  const folder = temporaryFolder(t);
  await execa('mkfifo', [join(folder, 'decouple-store.json')]);
  const { status, stderr } = await decouple(['store', 'verify', folder], { timeout: TIMEOUT_MS });
  t.is(status, EXIT_STATUS.store, stderr);
  const spec = join(folder, 'guest.yaml');
  writeFileSync(
    spec,
    JSON.stringify({ name: 'g', memory: '32M', boot: { kind: 'disk' }, disks: { hda: '/dev/zero' } }),
  );
  const recorded = await decouple(['record', spec, '--allow-files', '/dev', '--for', '1s', '-o', join(folder, 'out')], {
    timeout: TIMEOUT_MS,
  });
  t.regex(recorded.stderr, /^decouple: \/dev\/zero cannot be read: it is a device, not a file\.\n/);
  await execa('mkfifo', [join(folder, 'pipe')]);
  for (const initramfs of [
    { files: [{ path: '/f', source: './pipe' }] },
    { programs: [{ path: '/x', source: './pipe' }] },
  ]) {
    writeFileSync(spec, JSON.stringify({ name: 'g', extends: 'debian-busybox', initramfs }));
    const { stderr } = await decouple(['guests', 'build', spec], { timeout: TIMEOUT_MS });
    t.regex(stderr, /pipe cannot be read: it is a pipe, not a file/);
  }
});

test('what is no file is never replaced, and nothing is left beside it', async (t) => {
  const folder = temporaryFolder(t);
  for (const path of await notFiles(folder)) {
    for (const args of [
      ['pack', RECORDING],
      ['cut', RELOG],
      ['relog', RECORDING],
    ]) {
      const before = statSync(path);
      const { status, stderr } = await decouple([...args, '-o', path, '--force'], { timeout: TIMEOUT_MS });
      t.is(status, EXIT_STATUS.write, stderr);
      t.regex(stderr, /is no file: it is a (folder|pipe|device), which is not replaced\./);
      t.is(statSync(path).mode, before.mode);
    }
  }
  t.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith('.part')),
    [],
  );
});

test('a name that somebody prepared is not written through', async (t) => {
  const folder = temporaryFolder(t);
  const victim = join(folder, 'victim');
  writeFileSync(victim, 'as it was');
  const link = join(folder, 'link');
  symlinkSync(victim, link);
  const { status, stderr } = await decouple(['pack', RECORDING, '-o', link, '--force']);
  t.is(status, EXIT_STATUS.ok, stderr);
  t.is(readFileSync(victim, 'utf8'), 'as it was');
  t.deepEqual(readdirSync(folder).sort(), ['link', 'victim']);
});

test('no text steers a terminal', (t) => {
  const anything = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.integer({ min: 0, max: 0x2100 }).map((code) => String.fromCharCode(code)) }),
  );
  fc.assert(
    fc.property(anything, (text) => {
      t.notRegex(printable(text), STEERS);
      t.notRegex(printableLine(text), new RegExp(`${STEERS.source}|[\\n\\t]`));
      const json = printableJson(JSON.stringify({ [text]: text }));
      t.notRegex(json, STEERS);
      t.deepEqual(JSON.parse(json), { [text]: text });
    }),
    { numRuns: 2000 },
  );
});

test('names out of files are shown, not obeyed', async (t) => {
  const folder = temporaryFolder(t);
  const name = 'evil\u001b]0;title\u0007\u009b2J\nstate            complete\u202e';
  const path = join(folder, 'a\u001b[31m\nb.relog');
  const writer = new ContainerWriter({ path, kind: 'relog', temporary: false, force: true, major: MAJOR_VERSION });
  writeRelogHeader(writer, { start: 0, ram: [{ start: 0, size: 1 << 20 }], guest: { name, hash: '00'.repeat(32) } });
  writer.finish({ reason: 'limit' }, 0n);
  for (const args of [
    ['info'],
    ['stats'],
    ['verify'],
    ['doctor'],
    ['dump'],
    ['replay'],
    ['cut', '-o', join(folder, 'x')],
  ]) {
    for (const json of [[], ['--json']]) {
      const { stdout, stderr } = await decouple([...args, path, ...json]);
      t.notRegex(stdout + stderr, STEERS, args.join(' '));
      t.notRegex(stdout + stderr, /^(state {12}complete|b\.relog)/m, args.join(' '));
    }
  }
  const { stdout } = await decouple(['info', path, '--json']);
  t.true(stdout.includes('evil'));
});

test('a full standard output is said, with a status', async (t) => {
  for (const args of [
    ['info', RELOG],
    ['dump', RELOG],
    ['--help'],
    ['guests', 'list', '--json'],
    ['verify', '--help'],
  ]) {
    const command = [`${PROJECT}bin/decouple.mjs`, ...args];
    // By a shell: what stands between would take it.
    const { exitCode, stderr } = await execa('sh', ['-c', 'exec node "$@" > /dev/full', 'sh', ...command], {
      reject: false,
    });
    t.is(exitCode, EXIT_STATUS.write, `${args.join(' ')}: ${stderr}`);
    t.regex(stderr, /^decouple: standard output cannot be written: the disk is full\.\n/);
  }
});

test('an error is JSON however --json is given; help is a command too', async (t) => {
  const { stdout } = await decouple(['info', '/nowhere', '--json=true']);
  t.is((JSON.parse(stdout) as { error: { code: string } }).error.code, 'file-missing');
  t.is((await decouple(['help', 'record'])).stdout, (await decouple(['record', '--help'])).stdout);
  t.regex((await decouple(['recrod', 'x'])).stderr, /Did you mean record\?/);
});

const BASE = { memory: '32M', boot: { kind: 'multiboot', kernel: { file: './kernel' } } };
const PROGRAM = { path: '/x', source: './x.c' };

test('a spec names what it may, and runs nothing', async (t) => {
  const folder = join(temporaryFolder(t), 'specs');
  mkdirSync(folder);
  const at = (name: string): string => join(folder, name);
  for (const name of ['kernel', 'x.c', '.hidden']) writeFileSync(at(name), '');
  symlinkSync('/etc/shadow', at('link'));
  const outside = join(folder, '..', 'outside');
  writeFileSync(outside, 'secret');
  const file = (source: string): object => ({ initramfs: { files: [{ path: '/f', source }] } });
  const flags = (...given: string[]): object => ({ initramfs: { programs: [{ ...PROGRAM, flags: given }] } });
  const refused: [object, RegExp][] = [
    [{ release: 'x"; DPkg::Pre-Invoke { "id"; }; y "' }, /needs "release"/],
    [{ boot: { kind: 'bzimage', kernel: { package: '-o Dpkg::x=y' } } }, /needs "package"/],
    [flags('-wrapper', './x.sh'), /flag "-wrapper", which is not allowed/],
    ...[
      '-B.',
      '-fplugin=./x.so',
      '-Wl,-plugin,x',
      '-Wa,--x',
      '-specs=x',
      '@x',
      '-I/etc',
      '-o',
      '/x',
      '-include',
      '-fdump-tree-all',
      '-E',
    ].map((flag): [object, RegExp] => [flags('-O2', flag), /which is not allowed/]),
    [file('/etc/shadow'), /names \/etc\/shadow, which does not lie in its folder/],
    [file('../outside'), /does not lie in its folder/],
    [file('./link'), /does not lie in its folder/],
    [file('./.hidden'), /is hidden there/],
    [{ disks: { hda: '/dev/sda' } }, /does not lie in its folder/],
    [{ firmware: { bios: '/etc/passwd', vgaBios: '/etc/passwd' } }, /does not lie in its folder/],
    [{ extends: '../other.yaml' }, /does not lie in its folder/],
  ];
  for (const [i, [more, expected]] of refused.entries()) {
    writeFileSync(at(`${i}.yaml`), JSON.stringify({ name: 'g', ...BASE, ...more }));
    const { status, stderr } = await decouple(['record', at(`${i}.yaml`), '--for', '1s', '-o', at('out')]);
    t.is(status, EXIT_STATUS.guest, `${JSON.stringify(more)}: ${stderr}`);
    t.regex(stderr, expected);
  }
  writeFileSync(at('allowed.yaml'), JSON.stringify({ name: 'g', ...BASE, disks: { fda: '../outside' } }));
  const { stderr } = await decouple(['guests', 'show', at('allowed.yaml'), '--allow-files', join(folder, '..')]);
  t.notRegex(stderr, /does not lie/);
  writeFileSync(at('deep.yaml'), '['.repeat(100_000));
  t.regex((await decouple(['guests', 'show', at('deep.yaml')])).stderr, /deep\.yaml is nested too deeply\./);
});
