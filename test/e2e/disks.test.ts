/** Disks from end to end: what guests read and write, what becomes of it, and images that get lost meanwhile. */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { parse } from 'yaml';
import { EXIT_STATUS } from '../../formats/errors.js';
import { specsDirectory } from '../../guests/paths.js';
import type { RecordResult, RelogResult, ReplayResult, VerifyResult } from '../../relog/api.js';
import type { DiskSummary, OverlayResult } from '../../relog/disks/index.js';
import { decouple } from '../support/cli.js';
import { cutTo } from '../support/files.js';
import { temporaryFolder } from '../support/folder.js';
import { isoImage } from '../support/iso.js';
import { commands, run, sessionFile, start } from '../support/stages.js';
import { THOROUGH, thorough } from '../support/thorough.js';

const GUEST = 'debian-disk';
const FLOPPY_BYTES = 1_474_560;
/** Copies of the guest's busybox, which is larger than this, but not twice as large. */
const FILES = THOROUGH ? 10 : 2;
const FILE_BYTES = 1_800_000;
/** Beside the files: what mkfs.ext4 writes to an empty disk, and what the files are larger. */
const MOST_OF_EXT4 = 22_000_000;

const digest = (algorithm: string, data: Uint8Array): string => createHash(algorithm).update(data).digest('hex');
const sha256 = (path: string): string => digest('sha256', readFileSync(path));
const noise = (bytes: number, seed: number): Buffer =>
  Buffer.from(Uint8Array.from({ length: bytes }, (_, i) => Math.imul(i + seed, 2_654_435_761) >>> 13));

async function record(t: ExecutionContext, folder: string, name: string, lines: string[], ...options: string[]) {
  const recording = join(folder, `${name}.dcr`);
  const awaited = options.includes('power-on') ? ['expect: guest ready\n  timeout: 2m'] : [];
  const session = sessionFile(folder, ...awaited, ...commands(...lines));
  const args = ['record', GUEST, '--session', session, '-o', recording, ...options];
  const { status, stdout, stderr } = await decouple([...args, '--console', '--json'], { timeout: 600_000 });
  t.is(status, EXIT_STATUS.ok, stderr);
  return { recording, result: JSON.parse(stdout) as RecordResult, shown: stderr };
}

/** Relogs, which replays, and verifies; with `--all` also compares the replay's digests. All of it exact. */
async function exact(t: ExecutionContext, recording: string, ...disks: string[]): Promise<void> {
  const given = disks.flatMap((disk) => ['--disk', disk]);
  if (THOROUGH) t.like(await run<ReplayResult>(t, 'replay', recording, '--verify', ...given), { mismatch: null });
  const relog = `${recording}.relog`;
  const { instructions } = await run<RelogResult>(t, 'relog', recording, '-o', relog, ...given);
  t.like(await run<VerifyResult>(t, 'verify', relog), { exact: true, divergences: 0, instructions });
}

/** Lines of md5sum in what a guest shows. */
const sums = (shown: string): string[] => shown.match(/[0-9a-f]{32} {2}\S+/g) ?? [];

test.serial('ext4: files are unpacked, and are there for the guest that boots with the disk next', async (t) => {
  const folder = temporaryFolder(t);
  const made = await record(t, folder, 'made', [
    'mkfs.ext4 -q /dev/sda && mount -t ext4 /dev/sda /mnt/disk && mkdir /tmp/w && cd /tmp/w',
    `for i in $(seq ${FILES}); do (echo $i; cat /bin/busybox) > file$i; done; tar cf ../all.tar .; rm -r /tmp/w; ls -l /tmp`,
    'cd /mnt/disk && tar xf /tmp/all.tar && sync && cd / && umount /mnt/disk',
    'echo 3 > /proc/sys/vm/drop_caches; mount -t ext4 -o ro /dev/sda /mnt/disk && cd /mnt/disk && md5sum file* && cd / && umount /mnt/disk',
  ]);
  const seen = sums(made.shown);
  t.is(seen.length, FILES, made.shown);
  t.true(Number(/(\d+) \w+ +\d+ [\d:]+ all\.tar/.exec(made.shown)?.[1]) >= FILES * FILE_BYTES, made.shown);

  const { disks } = await run<{ disks: DiskSummary[] }>(t, 'disk', 'list', made.recording);
  const [disk] = disks;
  t.like(disk, { drive: 'hda', size: 64 << 20, base: { state: 'there' } });
  t.true(disk!.written! >= FILES * FILE_BYTES && disk!.written! < FILES * FILE_BYTES + MOST_OF_EXT4);
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

  // The rest runs guests once more; parts of it are in the tests behind.
  if (!THOROUGH) return;

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
  // The first one was replayed for the export; relogged and verified is one like it in the corpus (disk.yaml).
  await run(t, 'replay', next.recording, '--verify');
});

thorough('two disks by programmed I/O, a CD and a floppy', async (t) => {
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

thorough(
  'a disk and a CD whose images are cut while the guest reads them: I/O errors, and a whole recording',
  async (t) => {
    const folder = temporaryFolder(t);
    const path = (name: string): string => join(folder, name);
    const recording = path('cut.dcr');
    const half = 512 << 10;
    // Image and device in the guest.
    const drives = { 'hda.img': 'sda', 'cd.iso': 'sr0' };
    const contents = { sda: noise(2 * half, 9), sr0: noise(2 * half, 11) };
    for (const [name, device] of Object.entries(drives)) {
      writeFileSync(path(name), contents[device as 'sda' | 'sr0']);
      copyFileSync(path(name), path(`whole-${name}`));
    }
    const line =
      'for d in sda sr0; do while cat /dev/$d > /tmp/$d; do echo 3 > /proc/sys/vm/drop_caches; echo pa""ss $d; done; md5sum /tmp/$d; done';
    const session = sessionFile(folder, ...commands(line));
    const disks = ['--disk', `hda=${path('hda.img')}`, '--disk', `cdrom=${path('cd.iso')}`];
    const running = start(['record', GUEST, ...disks, '--session', session, '--console', '-o', recording]);
    let shown = '';
    running.stdout.on('data', (bytes: Buffer) => {
      shown += bytes.toString('latin1');
      // It has been read as a whole; the next time it is half as long.
      for (const [name, device] of Object.entries(drives)) {
        if (shown.includes(`pass ${device}`) && statSync(path(name)).size > half) truncateSync(path(name), half);
      }
    });
    const { exitCode, stderr } = await running;
    t.is(exitCode, EXIT_STATUS.ok, stderr);
    for (const name of Object.keys(drives)) {
      t.regex(stderr, new RegExp(`${name} .* was cut from 1048576 to 524288 bytes during the recording`));
    }
    t.is(shown.match(/cat: read error: Input\/output error/g)?.length, 2, shown);
    t.deepEqual(
      sums(shown),
      (['sda', 'sr0'] as const).map((device) => `${digest('md5', contents[device].subarray(0, half))}  /tmp/${device}`),
    );

    // It is replayed with the images as they were, and with no others.
    const other = await decouple(['replay', recording]);
    t.is(other.status, EXIT_STATUS.disk, other.stderr);
    t.regex(other.stderr, /it has 524288 bytes, not 1048576/);
    await exact(t, recording, `hda=${path('whole-hda.img')}`, `cdrom=${path('whole-cd.iso')}`);
  },
);

thorough('a disk that is written while the guest boots: the ready snapshot has what was written', async (t) => {
  const folder = temporaryFolder(t);
  const spec = parse(readFileSync(join(specsDirectory(), `${GUEST}.yaml`), 'utf8')) as {
    name: string;
    disks: object;
    initramfs: { files: Record<string, string>[] };
  };
  spec.name = 'written';
  spec.disks = { hda: { size: '1M' } };
  for (const file of spec.initramfs.files) {
    if (file.source !== undefined) file.source = join(specsDirectory(), file.source);
    if (file.path !== '/etc/rc') continue;
    file.text = `${readFileSync(file.source!, 'utf8')}\necho written while booting | dd of=/dev/sda seek=9 conv=sync\nsync\n`;
    delete file.source;
  }
  const guest = join(folder, 'written.yaml');
  writeFileSync(guest, JSON.stringify(spec));
  const recording = join(folder, 'written.dcr');
  const lines = [
    'echo 3 > /proc/sys/vm/drop_caches; dd if=/dev/sda bs=512 skip=9 count=1 | md5sum',
    'echo later | dd of=/dev/sda; sync',
  ];
  const session = sessionFile(folder, ...commands(...lines));
  const sector = Buffer.alloc(512);
  sector.write('written while booting\n');
  // The first one boots the guest, the second one starts from the snapshot kept in the cache.
  for (const force of [[], ['--force']]) {
    const args = ['record', guest, '--session', session, '-o', recording, '--console', ...force];
    const { status, stdout, stderr } = await decouple(args);
    t.is(status, EXIT_STATUS.ok, stderr);
    t.deepEqual(sums(stdout), [`${digest('md5', sector)}  -`]);
  }
  await exact(t, recording);
  const image = join(folder, 'new.img');
  await run(t, 'disk', 'export', recording, '--drive', 'hda', '-o', image);
  const expected = Buffer.alloc(1 << 20);
  expected.write('later\n');
  sector.copy(expected, 9 * 512);
  t.is(sha256(image), digest('sha256', expected));
});

/** A boot sector that writes the sector behind it to the serial port, up to its first zero, and halts. */
const BOOT_SECTOR = Buffer.concat([
  Buffer.from('31c08ed88ec0bc007c', 'hex'), // xor ax, ax; mov ds, ax; mov es, ax; mov sp, 0x7c00
  Buffer.from('b80102bb007eb90200b600cd13720e', 'hex'), // read cylinder 0, head 0, sector 2 to 0x7e00; jc halt
  Buffer.from('be007ebaf803', 'hex'), // mov si, 0x7e00; mov dx, 0x3f8
  Buffer.from('ac84c07403eeebf8', 'hex'), // next: lodsb; test al, al; jz halt; out dx, al; jmp next
  Buffer.from('f4ebfd', 'hex'), // halt: hlt; jmp halt
  Buffer.alloc(512 - 43),
  Buffer.from('55aa', 'hex'),
]);

for (const [drive, bytes] of [
  ['hda', 1 << 20],
  ['fda', FLOPPY_BYTES],
] as const) {
  test.serial(`the firmware boots from ${drive}`, async (t) => {
    const folder = temporaryFolder(t);
    const image = Buffer.alloc(bytes);
    BOOT_SECTOR.copy(image);
    image.write(`sector two of ${drive}\r\n`, 512);
    writeFileSync(join(folder, 'boot.img'), image);
    const spec = join(folder, 'own.yaml');
    writeFileSync(spec, `name: own\nmemory: 16M\nboot: { kind: disk, ${drive}: boot.img }\n`);
    const recording = join(folder, 'boot.dcr');
    await run(t, 'record', spec, '--start', 'power-on', '--until', `sector two of ${drive}`, '-o', recording);
    t.like(await run<ReplayResult>(t, 'replay', recording, '--verify'), { mismatch: null });
  });
}

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
