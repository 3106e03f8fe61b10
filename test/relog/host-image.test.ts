/** Disk images on this machine: what is read, and what is noticed when somebody else changes them. */
import { appendFileSync, mkdirSync, readFileSync, renameSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { DecoupleError } from '../../formats/errors.js';
import { checkDrives, checkGeometry } from '../../relog/disks/geometry.js';
import { HostImage } from '../../relog/disks/host-image.js';
import { temporaryFolder } from '../support/folder.js';

const SIZE = 300_000;
const CONTENT = Buffer.from(Array.from({ length: SIZE }, (_, i) => i ^ (i >> 8)));

/** Time stamps of files are coarse on some file systems: a change is given one of its own. */
function touch(path: string): void {
  utimesSync(path, 1_000_000_000, 1_000_000_000);
}

function image(path: string, strict = false): HostImage {
  writeFileSync(path, CONTENT);
  return new HostImage(path, strict);
}

test('reads what is in the file, across blocks, also far out in a large one', (t) => {
  const path = join(temporaryFolder(t), 'image');
  const host = image(path);
  fc.assert(
    fc.property(fc.nat(SIZE - 1), fc.nat(200_000), (offset, most) => {
      const length = Math.min(most, SIZE - offset);
      t.deepEqual(Buffer.from(host.read(offset, length)!), CONTENT.subarray(offset, offset + length));
    }),
  );
  host.close();
  // Without blocks of its own, but for the last.
  truncateSync(path, 2 ** 35);
  appendFileSync(path, CONTENT.subarray(0, 512));
  const large = new HostImage(path, true);
  t.is(large.size, 2 ** 35 + 512);
  t.deepEqual(Buffer.from(large.read(2 ** 35, 512)!), CONTENT.subarray(0, 512));
  large.close();
});

test('a file that is cut loses its end, one that changes otherwise all of it', (t) => {
  const path = join(temporaryFolder(t), 'image');
  const cut = image(path);
  t.is(cut.readable(), SIZE);
  cut.read(0, SIZE);
  truncateSync(path, 100_000);
  t.is(cut.readable(), 100_000);
  t.is(cut.read(99_488, 1024), null);
  t.deepEqual(Buffer.from(cut.read(0, 512)!), CONTENT.subarray(0, 512));
  // What is appended later was not recorded.
  appendFileSync(path, CONTENT);
  touch(path);
  t.is(cut.readable(), 0);
  cut.close();

  const rewritten = image(path);
  writeFileSync(path, Buffer.alloc(SIZE, 1));
  touch(path);
  t.is(rewritten.read(0, 512), null);
  t.is(rewritten.readable(), 0);
  rewritten.close();

  const replaced = image(path);
  writeFileSync(`${path}.new`, Buffer.alloc(SIZE, 1));
  renameSync(`${path}.new`, path);
  t.is(replaced.readable(), SIZE);
  t.deepEqual(Buffer.from(replaced.read(0, SIZE)!), CONTENT);
  t.not(readFileSync(path)[5], CONTENT[5]);
  replaced.close();
});

test('while replaying, a change is an error', (t) => {
  const path = join(temporaryFolder(t), 'image');
  const strict = image(path, true);
  truncateSync(path, 1000);
  t.like(
    t.throws(() => strict.readable(), { instanceOf: DecoupleError }),
    { code: 'disk-differs' },
  );
  strict.close();
  const code = (open: string): string | undefined => {
    try {
      new HostImage(open, true);
      return undefined;
    } catch (error) {
      return (error as DecoupleError).code;
    }
  };
  t.is(code(join(path, 'not', 'there')), 'file-missing');
  const folder = join(path, '..', 'folder');
  mkdirSync(folder);
  t.is(code(folder), 'file-unreadable');
});

test('what cannot be a disk is refused by name', (t) => {
  for (const [drive, size] of [
    ['hda', 512],
    ['hdb', 2 ** 40],
    ['cdrom', 2048],
    ['fda', 1_474_560],
  ] as const) {
    t.notThrows(() => checkGeometry(drive, 'image', size));
  }
  for (const [drive, size, why] of [
    ['hda', 0, /empty/],
    ['hda', 1000, /1000 bytes, is not a multiple of 512/],
    ['cdrom', 512, /not a multiple of 2048/],
    ['hda', 2 ** 40 + 512, /larger than 1 TiB/],
    ['fda', 1024, /no floppy has 1024 bytes/],
  ] as const) {
    const error = t.throws(() => checkGeometry(drive, 'my.img', size), { instanceOf: DecoupleError });
    t.is(error.code, 'disk-invalid');
    t.regex(error.message, why);
    t.regex(error.message, new RegExp(`my\\.img cannot be ${drive}`));
  }
  t.throws(() => checkDrives(['hdb', 'cdrom']), { message: /hdb without an hda/ });
  t.notThrows(() => checkDrives(['hda', 'hdb']));
});
