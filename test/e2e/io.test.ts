/**
 * Everything by which a guest is reached beside its first serial port, in one recording: two other ports, keyboard and
 * VGA text screen, mouse, and a share that it reads and writes.
 */
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createHash, randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { PNG } from 'pngjs';
import { EXIT_STATUS } from '../../formats/errors.js';
import type { AsciicastResult, RecordResult, ScreenshotResult } from '../../relog/api.js';
import { decouple } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import { GUEST as PLAIN_GUEST, goesAllTheWay, replays, run, sessionFile } from '../support/stages.js';

const GUEST = 'debian-io';
const MOUNT = 'mount -t 9p -o trans=virtio,version=9p2000.L host9p /mnt';

const SESSION = [
  // Another serial port, and the virtio console.
  String.raw`{ on: serial1, send: "echo port''-$((6 * 7))\n" }`,
  '{ on: serial1, expect: "^port-42$", timeout: 20s }',
  String.raw`{ on: virtio-console, send: "echo virtio''-$((6 * 8))\n" }`,
  '{ on: virtio-console, expect: "^virtio-48$", timeout: 20s }',
  // Keyboard and screen.
  String.raw`keys: "echo \"Key\"\"s: ~{A}|$((6 * 9))\"\n"`,
  '{ screen: "^Keys: ~\\\\{A\\\\}\\\\|54$", timeout: 20s }',
  // Linux looks for VMware's back door: what it found there would not be in a relog.
  String.raw`send: "rmmod psmouse; modprobe psmouse; sleep 2; grep -ic vmmouse /proc/bus/input/devices; echo looked''-for\n"`,
  '{ expect: "^0\\\\s+looked-for$", timeout: 20s }',
  // Mouse: four packets of the PS/2 protocol with a wheel.
  String.raw`send: "(dd if=/dev/input/mice bs=3 count=4 2>/dev/null | od -An -tx1; echo mice''-done) & sleep 1; echo listen''ing\n"`,
  'expect: "^listening$"',
  'mouse: { move: [5, -3] }',
  'mouse: { click: left }',
  'mouse: { move: [-7, 2] }',
  '{ expect: "08 05 03 09 00 00 08 00 00 38 f9 fe\\\\s+mice-done", timeout: 20s }',
  // Files of the host, read and written.
  String.raw`send: "${MOUNT} && echo moun''ted\n"`,
  '{ expect: "^mounted$", timeout: 30s }',
  String.raw`send: "cat /mnt/a.txt; sha256sum /mnt/sub/big; cat /mnt/outside; echo se''en\n"`,
  '{ expect: "^seen$", timeout: 30s }',
  String.raw`send: "cd /mnt && mv a.txt sub/b.txt && echo more >>sub/b.txt && echo mo''ved\n"`,
  '{ expect: "^moved$", timeout: 30s }',
  String.raw`send: "mkdir new && cp sub/big new/copy && rm sub/big && ln -s sub/b.txt link && echo cop''ied\n"`,
  '{ expect: "^copied$", timeout: 30s }',
  String.raw`send: "cd /; umount /mnt && echo share''-done\n"`,
  '{ expect: "^share-done$", timeout: 30s }',
];

/** A recording that all tests here may read. */
const shared = mkdtempSync(join(tmpdir(), 'decouple-io-'));
const recording = join(shared, 'run.dcr');
const host = join(shared, 'host');
const back = join(shared, 'back');
const big = randomBytes(100_000);
let recorded: RecordResult;

test.before(async (t) => {
  mkdirSync(join(host, 'sub'), { recursive: true });
  writeFileSync(join(host, 'a.txt'), 'from the host\n');
  writeFileSync(join(host, 'sub', 'big'), big);
  writeFileSync(join(shared, 'secret'), 'not to be seen\n');
  symlinkSync('../secret', join(host, 'outside'));
  const session = ['--session', sessionFile(shared, ...SESSION)];
  recorded = await run(t, 'record', GUEST, ...session, '--share', `${host}:rw`, '--share-out', back, '-o', recording);
});

test.after.always(() => rmSync(shared, { recursive: true, force: true }));

test.serial('the recording replays, is relogged and verified', async (t) => {
  t.like(recorded, { reason: 'session-done', share: { files: 2, skipped: [], unreadable: [] } });
  await goesAllTheWay(t, recording);
});

test.serial('the guest saw the files, and nothing outside the share', async (t) => {
  const { stdout } = await decouple(['replay', recording, '--console']);
  t.regex(stdout, /^from the host\r?$/m);
  t.true(stdout.includes(createHash('sha256').update(big).digest('hex')));
  t.notRegex(stdout, /not to be seen/);
});

test.serial('what the guest wrote is in the new directory, the shared one is as it was', (t) => {
  t.is(readFileSync(join(back, 'sub', 'b.txt'), 'utf8'), 'from the host\nmore\n');
  t.true(readFileSync(join(back, 'new', 'copy')).equals(big));
  t.is(readlinkSync(join(back, 'link')), 'sub/b.txt');
  t.throws(() => readFileSync(join(back, 'sub', 'big')), { code: 'ENOENT' });
  t.throws(() => readFileSync(join(back, 'a.txt')), { code: 'ENOENT' });
  t.is(readFileSync(join(host, 'a.txt'), 'utf8'), 'from the host\n');
  t.true(readFileSync(join(host, 'sub', 'big')).equals(big));
});

test.serial('a screenshot shows what the guest shows', async (t) => {
  const png = join(temporaryFolder(t), 'x.png');
  const shot = await run<ScreenshotResult>(t, 'screenshot', recording, '-o', png);
  t.like(shot, { mode: 'text', width: 720, height: 400, instructions: recorded.instructions, cutOff: false });
  t.true(shot.text?.includes('Keys: ~{A}|54'));
  const { width, height, data } = PNG.sync.read(readFileSync(png));
  t.deepEqual([width, height], [720, 400]);
  // The row of the answer has lit pixels, the empty ones below have none.
  const row = shot.text!.indexOf('Keys: ~{A}|54');
  const lit = (from: number, to: number) =>
    data.subarray(from * 720 * 4, to * 720 * 4).filter((value, i) => i % 4 !== 3 && value > 0x80).length;
  t.true(lit(row * 16, row * 16 + 16) > 100);
  t.is(lit(23 * 16, 25 * 16), 0);
  const earlier = await decouple(['screenshot', recording, '--at', '1000', '--text']);
  t.is(earlier.status, EXIT_STATUS.ok);
  t.notRegex(earlier.stdout, /Keys:/);
});

test.serial('screenshots that cannot be had', async (t) => {
  const beyond = await decouple(['screenshot', recording, '--at', '900G', '--text']);
  t.is(beyond.status, EXIT_STATUS.usage, beyond.stderr);
  const nothing = await decouple(['screenshot', recording]);
  t.is(nothing.status, EXIT_STATUS.usage);
  const there = await decouple(['screenshot', recording, '-o', recording]);
  t.is(there.status, EXIT_STATUS.exists);
});

test.serial('terminal recordings of a port and of the screen', async (t) => {
  const folder = temporaryFolder(t);
  for (const [channel, text] of [
    ['serial1', 'port-42'],
    ['screen', 'Keys: ~{A}|54'],
  ] as const) {
    const file = join(folder, `${channel}.cast`);
    const result = await run<AsciicastResult>(t, 'export', recording, '--asciicast', '--channel', channel, '-o', file);
    const [header, ...events] = readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    t.like(header, { version: 2, width: 80 });
    t.is(events.length, result.events);
    const rows = events as [number, 'o', string][];
    t.true(
      rows
        .map(([, , data]) => data)
        .join('')
        .includes(text),
      channel,
    );
    t.true(
      rows.every(([time], i) => time >= (rows[i - 1]?.[0] ?? 0) && time <= result.duration + 0.001),
      channel,
    );
  }
  const missing = await decouple(['export', recording, '--asciicast', '--channel', 'serial3', '-o', join(folder, 'x')]);
  t.is(missing.status, EXIT_STATUS.usage, missing.stderr);
});

test.serial('a share that is read-only, with a file that cannot be read: the guest gets errors', async (t) => {
  const folder = temporaryFolder(t);
  const output = join(folder, 'run.dcr');
  // A file of Linux's sysfs that is there and cannot be read, by whomever.
  const steps = sessionFile(
    folder,
    String.raw`send: "${MOUNT}; cat /mnt/mtu /mnt/duplex; echo x >/mnt/new; rm /mnt/mtu; echo ro''-done\n"`,
    '{ expect: "Input/output error[^]*Read-only file system[^]*Read-only file system[^]*^ro-done$", timeout: 20s }',
  );
  const share = ['--share', '/sys/devices/virtual/net/lo'];
  const result = await run<RecordResult>(t, 'record', GUEST, '--session', steps, ...share, '-o', output);
  t.true(result.share?.unreadable.includes('duplex'));
  await replays(t, output);
});

test.serial('what a guest does not have is refused before anything is written', async (t) => {
  const folder = temporaryFolder(t);
  const output = join(folder, 'run.dcr');
  const record = (...args: string[]) => decouple(['record', PLAIN_GUEST, '-o', output, ...args]);
  const session = await record('--session', sessionFile(folder, '{ send: x, on: serial1 }'));
  t.is(session.status, EXIT_STATUS.usage);
  t.regex(session.stderr, /serial1, which the guest debian-busybox does not have/);
  t.is((await record('--for', '1M', '--share', folder)).status, EXIT_STATUS.usage);
  t.is((await record('--for', '1M', '--share-out', folder)).status, EXIT_STATUS.usage);
  const missing = await decouple(['record', GUEST, '--for', '1M', '-o', output, '--share', join(folder, 'none')]);
  t.is(missing.status, EXIT_STATUS.input, missing.stderr);
  t.throws(() => readFileSync(output), { code: 'ENOENT' });
});
