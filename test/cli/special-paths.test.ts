/**
 * Every option and field that names a path, given what is no file, or too large a one: none hangs, none takes much memory, each says
 * what is the matter. The table of what happens is logged.
 */
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { EXIT_STATUS } from '../../formats/errors.js';
import { decouple, PROJECT } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import { largestBelow } from '../support/stages.js';
import { THOROUGH } from '../support/thorough.js';
import { tinyGuest } from '../support/tiny-guest.js';

const RECORDING = join(PROJECT, 'test/fixtures/v2/tiny.dcr');
const RELOG = join(PROJECT, 'test/fixtures/v2/tiny.relog');
const LIMIT_BYTES = 1 << 30;
/** Then the command is asked to end, as Ctrl-C does. */
const PATIENCE_MS = 20_000;
const LOOK_MS = 20;
const TEBIBYTE = 2 ** 40;

/**
 * Where a path may be given: arguments of a command, with PATH for it. OUT is a name that is free; GUEST is a small one with a disk and a
 * share, of which RECORDED is a recording.
 */
const PLACES: Record<string, string[]> = {
  'info FILE': ['info', 'PATH'],
  'stats FILE': ['stats', 'PATH'],
  'dump FILE': ['dump', 'PATH'],
  'diff A': ['diff', 'PATH', RELOG],
  'diff B': ['diff', RELOG, 'PATH'],
  'doctor FILE': ['doctor', 'PATH'],
  'pack FILE': ['pack', 'PATH', '-o', 'OUT'],
  'unpack FILE': ['unpack', 'PATH', '-o', 'OUT', '--store', 'STORE'],
  'cut FILE': ['cut', 'PATH', '-o', 'OUT'],
  'redact FILE': ['redact', 'PATH', '-o', 'OUT'],
  'replay FILE': ['replay', 'PATH'],
  'relog FILE': ['relog', 'PATH', '-o', 'OUT'],
  'verify FILE': ['verify', 'PATH'],
  'verify --recording': ['verify', RELOG, '--explain', '--recording', 'PATH'],
  'heal FILE': ['heal', 'PATH', '--recording', RECORDING, '-o', 'OUT'],
  'heal --recording': ['heal', RELOG, '--recording', 'PATH', '-o', 'OUT'],
  'analyze FILE': ['analyze', 'PATH', '-a', 'profile', '-o', 'OUT'],
  'analyze --symbols': ['analyze', RELOG, '-a', 'profile', '--symbols', 'PATH', '-o', 'OUT'],
  'screenshot FILE': ['screenshot', 'PATH', '--at', 'end', '-o', 'OUT'],
  'export FILE': ['export', 'PATH', '--asciicast', '-o', 'OUT'],
  'disk list FILE': ['disk', 'list', 'PATH'],
  'record GUEST': ['record', 'PATH', '--start', 'power-on', '--for', '1k', '-o', 'OUT'],
  'record --session': ['record', 'GUEST', '--start', 'power-on', '--session', 'PATH', '-o', 'OUT'],
  'record --share': ['record', 'GUEST', '--share', 'PATH', '--start', 'power-on', '--for', '1k', '-o', 'OUT'],
  'record --disk hda=': ['record', 'GUEST', '--disk', 'hda=PATH', '--start', 'power-on', '--for', '1k', '-o', 'OUT'],
  'replay --disk hda=': ['replay', 'RECORDED', '--disk', 'hda=PATH'],
  'disk commit --to': ['disk', 'commit', 'RECORDED', '--drive', 'hda', '--to', 'PATH'],
  'unpack --store': ['unpack', RECORDING, '--store', 'PATH', '-o', 'OUT'],
  'record --share-out': [
    'record',
    'GUEST',
    '--share',
    'SHARED:rw',
    '--share-out',
    'PATH',
    '--start',
    'power-on',
    '--for',
    '1k',
    '-o',
    'OUT',
  ],
  'store verify': ['store', 'verify', 'PATH'],
  'pack -o': ['pack', RECORDING, '-o', 'PATH', '--force'],
  'relog -o': ['relog', RECORDING, '-o', 'PATH', '--force'],
  'analyze -o': ['analyze', RELOG, '-a', 'profile', '-o', 'PATH', '--force'],
  'spec: source of a file': ['guests', 'build', 'SPEC:initramfs.files'],
  'spec: source of a program': ['guests', 'build', 'SPEC:initramfs.programs'],
  'spec: extends': ['guests', 'build', 'SPEC:extends'],
  'spec: firmware': ['guests', 'build', 'SPEC:firmware'],
  'spec: kernel': ['guests', 'build', 'SPEC:kernel'],
};
/** Those that `npm test` tries; the others are of the same kinds. */
const SHORT = ['analyze --symbols'];

function spec(which: string, path: string, guest: string): object {
  const base = { name: 'g', extends: 'debian-busybox' };
  if (which === 'initramfs.files') return { ...base, initramfs: { files: [{ path: '/f', source: path }] } };
  if (which === 'initramfs.programs') return { ...base, initramfs: { programs: [{ path: '/f', source: path }] } };
  if (which === 'extends') return { ...base, extends: path };
  if (which === 'firmware') return { ...base, firmware: { bios: path, vgaBios: path } };
  const firmware = { bios: join(guest, '..', 'bios.bin'), vgaBios: join(guest, '..', 'vgabios.bin') };
  return { name: 'g', memory: '4M', firmware, boot: { kind: 'multiboot', kernel: { file: path } } };
}

/** Things that a path can lead to. */
async function things(t: ExecutionContext, folder: string): Promise<Record<string, string>> {
  const at = (name: string): string => join(folder, name);
  mkdirSync(at('folder'));
  await execa('mkfifo', [at('pipe')]);
  const server = createServer().listen(at('socket'));
  await new Promise((resolve) => server.once('listening', resolve));
  t.teardown(() => server.close());
  writeFileSync(at('sparse'), '');
  truncateSync(at('sparse'), TEBIBYTE);
  const plain: Record<string, string> = {
    ...{ folder: at('folder'), pipe: at('pipe'), socket: at('socket'), 'file of 1 TiB': at('sparse') },
    ...{ '/dev/zero': '/dev/zero', '/proc/self/mem': '/proc/self/mem' },
  };
  const all: Record<string, string> = { ...plain };
  for (const [name, path] of Object.entries(plain)) {
    const link = at(`link-${name.replaceAll(/\W/g, '-')}`);
    symlinkSync(path, link);
    all[`link to ${name}`] = link;
  }
  symlinkSync(at('loop'), at('loop'));
  all['link to itself'] = at('loop');
  return all;
}

interface Tried {
  status: number | 'asked to end';
  /** Bytes of the process that took most. */
  peak: number;
  stderr: string;
}

async function attempt(args: string[]): Promise<Tried> {
  const running = execa('node', [`${PROJECT}bin/decouple.mjs`, ...args], {
    ...{ cwd: PROJECT, reject: false, stdin: 'ignore', forceKillAfterDelay: 5000, env: { DECOUPLE_STORE: '' } },
  });
  let peak = 0;
  let asked = false;
  const look = setInterval(() => (peak = Math.max(peak, largestBelow(running.pid!))), LOOK_MS);
  const timer = setTimeout(() => {
    asked = true;
    running.kill('SIGINT');
  }, PATIENCE_MS);
  const { exitCode, stderr } = await running;
  clearInterval(look);
  clearTimeout(timer);
  return { status: asked && exitCode === EXIT_STATUS.interrupted ? 'asked to end' : (exitCode ?? -1), peak, stderr };
}

const WORD: Partial<Record<number, string>> = Object.fromEntries(
  Object.entries(EXIT_STATUS).map(([name, status]) => [status, name]),
);

/** As one of them stands in an argument: alone, or between `=` and `:`. */
const WORDS = /(?<![^=])[A-Z]+(?![^:])/;

/** What stands in arguments, beside PATH and OUT, for what there is. */
async function stand(t: ExecutionContext, folder: string): Promise<Record<string, string>> {
  const at = (name: string): string => join(folder, name);
  for (const name of ['guest', 'SHARED', 'STORE']) mkdirSync(at(name));
  writeFileSync(at('guest/hda.img'), Buffer.alloc(64 << 10));
  const fields = { devices: { share: true }, disks: { hda: './hda.img' } };
  const guest = tinyGuest(at('guest'), { rounds: 1, work: 20, fill: 0x100, spec: fields });
  const recorded = at('recorded.dcr');
  const { status, stderr } = await decouple(['record', guest, '--start', 'power-on', '--for', '1k', '-o', recorded]);
  t.is(status, EXIT_STATUS.ok, stderr);
  return { GUEST: guest, RECORDED: recorded, SHARED: at('SHARED'), STORE: at('STORE') };
}

test('a path may lead to anything', async (t) => {
  const folder = temporaryFolder(t);
  const words = await stand(t, folder);
  const rows: string[] = [];
  let heads: string[] = [];
  for (const [place, args] of Object.entries(PLACES)) {
    if (!THOROUGH && !SHORT.includes(place)) continue;
    // New ones each time: some commands replace files, when they are told to.
    const own = join(folder, String(rows.length));
    mkdirSync(own);
    const all = await things(t, own);
    heads = Object.keys(all);
    const cells: string[] = [];
    for (const [name, path] of Object.entries(all)) {
      const out = join(own, `out${cells.length}`);
      const specPath = join(folder, 'spec.yaml');
      const which = args.find((arg) => arg.startsWith('SPEC:'))?.slice(5);
      if (which !== undefined) writeFileSync(specPath, JSON.stringify(spec(which, path, words['GUEST']!)));
      const filling: Record<string, string> = { ...words, PATH: path, OUT: out };
      const filled = args.map((arg) =>
        arg.startsWith('SPEC:') ? specPath : arg.replace(WORDS, (word) => filling[word] ?? word),
      );
      const allow = which === undefined ? [] : ['--allow-files', '/'];
      const { status, peak, stderr } = await attempt([...filled, ...allow]);
      const told = `${place}, ${name}: ${filled.join(' ')}\n${stderr}`;
      t.true(status !== EXIT_STATUS.internal && status !== -1, `${status}: ${told}`);
      t.true(peak < LIMIT_BYTES, `${peak} bytes: ${told}`);
      if (status !== EXIT_STATUS.ok && status !== 'asked to end') t.regex(stderr, /^decouple: .+\n.+$/m, told);
      cells.push(typeof status === 'string' ? status : (WORD[status] ?? String(status)));
    }
    rows.push(`| ${place} | ${cells.join(' | ')} |`);
  }
  t.log([`| where | ${heads.join(' | ')} |`, ...rows].join('\n'));
});
