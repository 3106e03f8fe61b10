/** Disks from end to end: what guests read and write, what becomes of it, and images that get lost meanwhile. */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { EXIT_STATUS } from '../../formats/errors.js';
import type { RecordResult, RelogResult, ReplayResult, VerifyResult } from '../../relog/api.js';
import type { DiskSummary, OverlayResult } from '../../relog/disks/index.js';
import { decouple } from '../support/cli.js';
import { cutTo } from '../support/files.js';
import { temporaryFolder } from '../support/folder.js';
import { isoImage } from '../support/iso.js';
import { run, sessionFile, start } from '../support/stages.js';

const GUEST = 'debian-disk';
const FLOPPY_BYTES = 1_474_560;

const digest = (algorithm: string, data: Uint8Array): string => createHash(algorithm).update(data).digest('hex');
const sha256 = (path: string): string => digest('sha256', readFileSync(path));
const noise = (bytes: number, seed: number): Buffer =>
  Buffer.from(Uint8Array.from({ length: bytes }, (_, i) => Math.imul(i + seed, 2_654_435_761) >>> 13));

/** Types a line and waits for the word `done`, which the line itself must not contain. */
const command = (line: string): string[] => [
  `send: ${JSON.stringify(`${line}; echo do''ne\n`)}`,
  'expect: "^done"\n  timeout: 5m',
];

async function record(t: ExecutionContext, folder: string, name: string, lines: string[], ...options: string[]) {
  const recording = join(folder, `${name}.dcr`);
  const awaited = options.includes('power-on') ? ['expect: guest ready\n  timeout: 2m'] : [];
  const session = sessionFile(folder, ...awaited, ...lines.flatMap(command));
  const args = ['record', GUEST, '--session', session, '-o', recording, ...options];
  const { status, stdout, stderr } = await decouple([...args, '--console', '--json'], { timeout: 600_000 });
  t.is(status, EXIT_STATUS.ok, stderr);
  return { recording, result: JSON.parse(stdout) as RecordResult, shown: stderr };
}

/** Replays, relogs and verifies; all of it exact. */
async function exact(t: ExecutionContext, recording: string, ...disks: string[]): Promise<void> {
  const given = disks.flatMap((disk) => ['--disk', disk]);
  t.like(await run<ReplayResult>(t, 'replay', recording, '--verify', ...given), { mismatch: null });
  const relog = `${recording}.relog`;
  const { instructions } = await run<RelogResult>(t, 'relog', recording, '-o', relog, ...given);
  t.like(await run<VerifyResult>(t, 'verify', relog), { exact: true, divergences: 0, instructions });
}

/** Lines of md5sum in what a guest shows. */
const sums = (shown: string): string[] => shown.match(/[0-9a-f]{32} {2}\S+/g) ?? [];

test.serial('ext4: 20 MB are unpacked, and are there for the guest that boots with the disk next', async (t) => {
  const folder = temporaryFolder(t);
  const made = await record(t, folder, 'made', [
    'mkfs.ext4 -q /dev/sda && mount -t ext4 /dev/sda /mnt/disk && mkdir /tmp/w && cd /tmp/w',
    'for i in 1 2 3 4 5 6 7 8 9 10; do (echo $i; cat /bin/busybox) > file$i; done; tar cf ../all.tar .; rm -r /tmp/w; ls -l /tmp',
    'cd /mnt/disk && tar xf /tmp/all.tar && sync && cd / && umount /mnt/disk',
    'echo 3 > /proc/sys/vm/drop_caches; mount -t ext4 -o ro /dev/sda /mnt/disk && cd /mnt/disk && md5sum file* && cd / && umount /mnt/disk',
  ]);
  const seen = sums(made.shown);
  t.is(seen.length, 10, made.shown);
  t.true(Number(/(\d+) \w+ +\d+ [\d:]+ all\.tar/.exec(made.shown)?.[1]) >= 18e6, made.shown);

  const [disk] = await run<DiskSummary[]>(t, 'disk', 'list', made.recording);
  t.like(disk, { drive: 'hda', size: 64 << 20, base: { state: 'there' } });
  t.true(disk!.written! >= 18e6 && disk!.written! < 40e6);
  // The base is as it was: empty.
  const base = disk!.base!.path;
  t.is(sha256(base), disk!.base!.sha256);
  t.true(readFileSync(base).every((byte) => byte === 0));

  const exported = join(folder, 'exported.img');
  const copy = join(folder, 'copy.img');
  const first = await run<OverlayResult>(t, 'disk', 'export', made.recording, '--drive', 'hda', '-o', exported);
  t.like(first, { bytes: 64 << 20, written: disk!.written, replayed: false });
  copyFileSync(base, copy);
  await run(t, 'disk', 'commit', made.recording, '--drive', 'hda', '--to', copy);
  t.is(sha256(copy), sha256(exported));
  // What is committed once is the base no more; and the base itself stays what it is.
  const twice = await decouple(['disk', 'commit', made.recording, '--drive', 'hda', '--to', copy]);
  t.is(twice.status, EXIT_STATUS.disk, twice.stderr);
  const itself = await decouple(['disk', 'commit', made.recording, '--drive', 'hda', '--to', base]);
  t.is(itself.status, EXIT_STATUS.usage, itself.stderr);
  const again = await decouple(['disk', 'export', made.recording, '--drive', 'hda', '-o', exported]);
  t.is(again.status, EXIT_STATUS.exists, again.stderr);

  // A recording without its end: the export runs it again.
  const cut = cutTo(made.recording, statSync(made.recording).size - 100);
  const replayed = await run<OverlayResult>(t, 'disk', 'export', cut, '--drive', 'hda', '-o', join(folder, 'cut.img'));
  t.true(replayed.replayed);
  t.is(sha256(join(folder, 'cut.img')), sha256(exported));

  const next = await record(
    t,
    folder,
    'next',
    [
      'mount -t ext4 /dev/sda /mnt/disk && cd /mnt/disk && md5sum file* && cd / && umount /mnt/disk && e2fsck -fn /dev/sda',
    ],
    ...['--disk', `hda=${exported}`, '--start', 'power-on'],
  );
  t.deepEqual(sums(next.shown), seen);
  t.is(sha256(exported), sha256(copy));
  // Made as here and relogged it is in the corpus (disk.yaml).
  await run(t, 'replay', made.recording, '--verify');
  await run(t, 'replay', next.recording, '--verify');
});

test.serial('two disks by programmed I/O, a CD and a floppy', async (t) => {
  const folder = temporaryFolder(t);
  const path = (name: string): string => join(folder, name);
  const file = noise(1_500_001, 5);
  writeFileSync(path('hda.img'), noise(1 << 20, 1));
  writeFileSync(path('hdb.img'), Buffer.alloc(1 << 20));
  writeFileSync(path('cd.iso'), isoImage({ 'DATA.BIN': file, 'README.TXT': Buffer.from('from a CD\n') }));
  writeFileSync(path('floppy.img'), noise(FLOPPY_BYTES, 3));
  const before = readdirSync(folder).map((name): [string, string] => [name, sha256(path(name))]);
  const { recording, shown } = await record(
    t,
    folder,
    'drives',
    [
      'mount -t iso9660 -o ro /dev/sr0 /mnt/cd && cat /mnt/cd/readme.txt && md5sum /mnt/cd/data.bin && umount /mnt/cd',
      'rmmod ata_piix libata && modprobe libata dma=0 && modprobe ata_piix',
      'while [ ! -b /dev/sdb ]; do sleep 0.1; done; dd if=/dev/sda of=/dev/sdb bs=64k 2>/dev/null; sync',
      'echo 3 > /proc/sys/vm/drop_caches; md5sum /dev/sda /dev/sdb',
      'modprobe floppy; dd if=/dev/fd0 bs=512 count=72 2>/dev/null | md5sum',
      'dd if=/dev/sdb of=/dev/fd0 bs=1k count=9 seek=36 2>/dev/null; sync',
    ],
    ...['hda=hda.img', 'hdb=hdb.img', 'cdrom=cd.iso', 'fda=floppy.img'].flatMap((disk) => [
      '--disk',
      disk.replace('=', `=${folder}/`),
    ]),
  );
  t.regex(shown, /from a CD/);
  const disk = digest('md5', noise(1 << 20, 1));
  const floppy = noise(FLOPPY_BYTES, 3);
  t.deepEqual(sums(shown), [
    `${digest('md5', file)}  /mnt/cd/data.bin`,
    `${disk}  /dev/sda`,
    `${disk}  /dev/sdb`,
    `${digest('md5', floppy.subarray(0, 72 * 512))}  -`,
  ]);
  for (const [name, hash] of before) t.is(sha256(path(name)), hash, name);
  await exact(t, recording);

  for (const drive of ['hdb', 'fda']) {
    await run(t, 'disk', 'export', recording, '--drive', drive, '-o', path(`new-${drive}.img`));
  }
  t.is(digest('md5', readFileSync(path('new-hdb.img'))), disk);
  noise(1 << 20, 1).copy(floppy, 36 << 10, 0, 9 << 10);
  t.is(sha256(path('new-fda.img')), digest('sha256', floppy));
});

test.serial('an image that is cut while the guest reads it: an I/O error, and the recording is whole', async (t) => {
  const folder = temporaryFolder(t);
  const image = join(folder, 'image.img');
  const whole = join(folder, 'whole.img');
  const recording = join(folder, 'cut.dcr');
  writeFileSync(whole, noise(1 << 20, 9));
  copyFileSync(whole, image);
  const line =
    'while cat /dev/sda > /tmp/x; do echo 3 > /proc/sys/vm/drop_caches; echo pa""ss; done; wc -c /tmp/x; md5sum /tmp/x';
  const session = sessionFile(folder, ...command(line));
  const running = start([
    'record',
    GUEST,
    '--disk',
    `hda=${image}`,
    '--session',
    session,
    '--console',
    '-o',
    recording,
  ]);
  let shown = '';
  running.stdout.on('data', (bytes: Buffer) => {
    // It has been read as a whole; the next time it is half as long.
    if (/pass\r?\n/.test((shown += bytes.toString('latin1'))) && statSync(image).size > 512 << 10) {
      truncateSync(image, 512 << 10);
    }
  });
  const { exitCode, stderr } = await running;
  t.is(exitCode, EXIT_STATUS.ok, stderr);
  t.regex(stderr, /was cut from 1048576 to 524288 bytes during the recording/);
  t.regex(shown, /cat: read error: Input\/output error/);
  t.regex(shown, /524288 \/tmp\/x/);
  t.deepEqual(sums(shown), [`${digest('md5', noise(1 << 20, 9).subarray(0, 512 << 10))}  /tmp/x`]);

  // It is replayed with the image as it was, and with no other.
  const other = await decouple(['replay', recording]);
  t.is(other.status, EXIT_STATUS.disk, other.stderr);
  t.regex(other.stderr, /it has 524288 bytes, not 1048576/);
  await exact(t, recording, `hda=${whole}`);
});

test.serial('images that are missing, wrong, or no disks', async (t) => {
  const folder = temporaryFolder(t);
  const path = (name: string): string => join(folder, name);
  writeFileSync(path('good.img'), noise(65_536, 1));
  writeFileSync(path('other.img'), noise(65_536, 2));
  writeFileSync(path('odd.img'), noise(1000, 1));
  writeFileSync(path('empty.img'), '');
  const refused = async (args: string[], status: number, why: RegExp): Promise<void> => {
    const outcome = await decouple(args);
    t.is(outcome.status, status, outcome.stderr);
    t.regex(outcome.stderr, why);
  };
  const recordWith = (disk: string): string[] => ['record', GUEST, '--for', '1M', '-o', path('x.dcr'), '--disk', disk];
  await refused(recordWith(`hda=${path('none.img')}`), EXIT_STATUS.input, /none\.img does not exist/);
  await refused(recordWith(`hda=${folder}`), EXIT_STATUS.input, /cannot be read|is not a file/);
  await refused(recordWith(`hda=${path('odd.img')}`), EXIT_STATUS.disk, /1000 bytes, is not a multiple of 512/);
  await refused(recordWith(`hda=${path('empty.img')}`), EXIT_STATUS.disk, /empty\.img cannot be hda: it is empty/);
  await refused(recordWith(`fda=${path('good.img')}`), EXIT_STATUS.disk, /no floppy has 65536 bytes/);
  await refused(recordWith('hdz=x'), EXIT_STATUS.usage, /no drive "hdz"/);
  await refused(recordWith('hda'), EXIT_STATUS.usage, /names no image/);
  t.false(existsSync(path('x.dcr')));

  const recording = path('run.dcr');
  await run(t, 'record', GUEST, '--for', '1M', '-o', recording, '--disk', `hda=${path('good.img')}`);
  const replay = ['replay', recording];
  await refused([...replay, '--disk', `hda=${path('other.img')}`], EXIT_STATUS.disk, /its SHA-256 is another one/);
  await refused([...replay, '--disk', `hda=${path('odd.img')}`], EXIT_STATUS.disk, /it has 1000 bytes, not 65536/);
  await refused([...replay, '--disk', `hda=${path('none.img')}`], EXIT_STATUS.disk, /none\.img.*is not there/);
  await refused([...replay, '--disk', `hdb=${path('good.img')}`], EXIT_STATUS.usage, /no hdb/);
  await refused(['relog', recording, '-o', path('x'), '--disk', `hda=${folder}`], EXIT_STATUS.disk, /it is not a file/);
  await refused(['disk', 'export', recording, '--drive', 'hdb', '-o', path('x')], EXIT_STATUS.usage, /no disk in hdb/);
  writeFileSync(path('good.img'), noise(65_536, 3));
  await refused(replay, EXIT_STATUS.disk, /its SHA-256 is another one/);
});
