/** The default guest, as set-up has built it: its parts, and that building it again gives the same bytes. */
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { COMPILER_PACKAGES, compileProgram, findCompiler } from '../../guests/assemble/compiler.js';
import { moduleEntries } from '../../guests/assemble/modules.js';
import { hasSandbox } from '../../guests/assemble/sandbox.js';
import { sha256 } from '../../guests/debian/hash.js';
import { PackageStore } from '../../guests/debian/packages.js';
import { loadGuest, type GuestImage } from '../../guests/index.js';
import { projectRoot } from '../../guests/paths.js';
import { temporaryFolder } from '../support/folder.js';

const GUEST = 'debian-busybox';
const cacheDir = join(projectRoot(), '.cache');

function imageOf(guest: GuestImage): string {
  if (guest.boot.kind !== 'multiboot') throw new Error('the default guest is a multiboot image');
  return guest.boot.image;
}

test('the guest is there, with its programs', async (t) => {
  const guest = await loadGuest(GUEST, { cacheDir });
  t.is(guest.memory, 128 << 20);
  t.regex(guest.hash, /^[0-9a-f]{64}$/);
  for (const path of [imageOf(guest), guest.firmware.bios, guest.firmware.vgaBios]) t.true(existsSync(path), path);
  const paths = guest.programs.map((each) => each.guestPath);
  for (const path of ['/bin/busybox', '/usr/bin/test-faults', '/usr/bin/numbers']) t.true(paths.includes(path), path);
  for (const { elf } of guest.programs) t.is(readFileSync(elf).toString('latin1', 0, 4), '\x7fELF');
});

test('made again from packages and sources, it has the same bytes and the same hash', async (t) => {
  const guest = await loadGuest(GUEST, { cacheDir });
  // The packages are shared, programs and images are made anew.
  const fresh = temporaryFolder(t);
  symlinkSync(join(cacheDir, 'debian'), join(fresh, 'debian'));
  const again = await loadGuest(GUEST, { cacheDir: fresh });
  t.is(sha256(readFileSync(imageOf(again))), sha256(readFileSync(imageOf(guest))));
  t.is(again.hash, guest.hash);
  // A damaged image is noticed and made again.
  writeFileSync(imageOf(again), 'damaged');
  t.is((await loadGuest(GUEST, { cacheDir: fresh })).hash, guest.hash);
  t.is(sha256(readFileSync(imageOf(again))), sha256(readFileSync(imageOf(guest))));
});

test('a guest of files of one’s own: their content counts, not their place', async (t) => {
  const hashes: string[] = [];
  for (const [place, content] of [
    ['one', 'iso'],
    ['two', 'iso'],
    ['three', 'other'],
  ]) {
    const folder = join(temporaryFolder(t), place ?? '');
    mkdirSync(folder);
    for (const file of ['bios.bin', 'vga.bin']) writeFileSync(join(folder, file), file);
    writeFileSync(join(folder, 'system.iso'), content ?? '');
    const spec =
      'name: own\nmemory: 16M\nfirmware: { bios: bios.bin, vgaBios: vga.bin }\nboot: { kind: disk, cdrom: system.iso }\n';
    writeFileSync(join(folder, 'own.yaml'), spec);
    const guest = await loadGuest(join(folder, 'own.yaml'), { cacheDir: folder });
    t.deepEqual(guest.boot, { kind: 'disk' });
    t.is(guest.disks.cdrom?.path, join(folder, 'system.iso'));
    t.is(guest.disks.cdrom?.sha256, sha256(content ?? ''));
    hashes.push(guest.hash);
    // Changed after it was first used.
    if (place === 'one') {
      writeFileSync(join(folder, 'system.iso'), 'changed');
      t.not((await loadGuest(join(folder, 'own.yaml'), { cacheDir: folder })).hash, guest.hash);
      rmSync(join(folder, 'system.iso'));
      await t.throwsAsync(loadGuest(join(folder, 'own.yaml'), { cacheDir: folder }), { code: 'file-missing' });
    }
  }
  t.is(hashes[0], hashes[1]);
  t.not(hashes[0], hashes[2]);
});

test('kernel modules come with what they depend on, in an order modprobe can use', async (t) => {
  const kernel = await new PackageStore(cacheDir, 'bookworm', 'i386').fetch('linux-image-686');
  const entries = moduleEntries(kernel.files, ['ext4', 'ne2k-pci']);
  const names = entries.map((each) => each.path.replace(/.*\//, ''));
  for (const name of ['ext4.ko', 'jbd2.ko', 'mbcache.ko', 'ne2k-pci.ko', '8390.ko', 'modules.dep'])
    t.true(names.includes(name), name);
  const table = entries.find((each) => each.path.endsWith('modules.dep'));
  const text = table?.kind === 'file' ? Buffer.from(table.data).toString() : '';
  t.regex(text, /^kernel\/fs\/ext4\/ext4\.ko: (\S+ )*kernel\/fs\/jbd2\/jbd2\.ko/m);
  t.throws(() => moduleEntries(kernel.files, ['no-such']), { code: 'guest-build-failed' });
});

test("a user's program may have warnings, and stand there by two names", async (t) => {
  const fresh = temporaryFolder(t);
  symlinkSync(join(cacheDir, 'debian'), join(fresh, 'debian'));
  writeFileSync(join(fresh, 'warned.c'), 'int main(void) { int unused; return 0; }\n');
  const programs = ['/usr/bin/one', '/usr/bin/two'].map((path) => ({ path, source: './warned.c' }));
  writeFileSync(join(fresh, 'guest.yaml'), JSON.stringify({ name: 'warned', extends: GUEST, initramfs: { programs } }));
  const guest = await loadGuest(join(fresh, 'guest.yaml'), { cacheDir: fresh });
  const paths = guest.programs.map((each) => each.guestPath);
  for (const { path } of programs) t.true(paths.includes(path), path);
});

test("a program's source gets nothing of this computer into the guest", async (t) => {
  if (!(await hasSandbox())) return t.pass('it says so when it compiles');
  const folder = temporaryFolder(t);
  const secret = join(temporaryFolder(t), 'secret');
  writeFileSync(secret, '"a secret"');
  symlinkSync(secret, join(folder, 'link.h'));
  const packages = await new PackageStore(cacheDir, 'bookworm', 'i386').fetchAll(COMPILER_PACKAGES);
  const compiler = await findCompiler();
  const compile = (code: string): Promise<string> => {
    const source = join(folder, 'own.c');
    writeFileSync(source, `${code}\nint main(void) { return 0; }\n`);
    return compileProgram({ source, path: '/usr/bin/own', flags: [] }, compiler, packages, join(folder, 'made'));
  };
  for (const code of [
    `const char secret[] =\n#include "${secret}"\n;`,
    'const char secret[] =\n#include "link.h"\n;',
    `__asm__(".incbin \\"${secret}\\"");`,
  ]) {
    const error = await t.throwsAsync(compile(code), { code: 'guest-build-failed' }, code);
    t.false(error?.message.includes('a secret'));
  }
  t.true(existsSync(await compile('int fine;')));
});
