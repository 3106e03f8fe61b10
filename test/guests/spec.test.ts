import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { DecoupleError } from '../../formats/errors.js';
import { describeGuest, listGuests, loadGuest } from '../../guests/index.js';
import { specsDirectory } from '../../guests/paths.js';
import { parseSpec } from '../../guests/spec.js';
import { temporaryFolder } from '../support/folder.js';

/** The message of the error that parsing must end with; one sentence that names the spec. */
function refusal(t: ExecutionContext, spec: unknown): string {
  const error = t.throws(() => parseSpec(typeof spec === 'string' ? spec : stringify(spec), '/x/spec.yaml'), {
    instanceOf: DecoupleError,
  });
  t.is(error?.code, 'guest-invalid');
  t.regex(error?.message ?? '', /^\/x\/spec\.yaml[^\n]*\.$/);
  return error?.message ?? '';
}

const minimal = { name: 'own', memory: '64M', boot: { kind: 'disk', cdrom: 'system.iso' } };
const linux = { kind: 'bzimage', kernel: { package: 'linux-image-686' }, cmdline: 'a\n  b' };

test('a guest of one line each', (t) => {
  const spec = parseSpec(stringify(minimal), '/x/spec.yaml');
  t.is(spec.memory, 64 << 20);
  t.is(spec.readyTimeout, 60);
  t.deepEqual(spec.boot, { kind: 'disk' });
  t.deepEqual(spec.disks, { cdrom: { file: '/x/system.iso' } });
  t.is(spec.firmware, null);
});

test('paths are relative to the spec, the command line is unfolded', (t) => {
  const firmware = { bios: '../bios.bin', vgaBios: '/abs/vga.bin' };
  const spec = parseSpec(
    stringify({ ...minimal, firmware, boot: { ...linux, initrd: 'rd.gz' } }),
    '/x/spec.yaml',
    undefined,
    ['/'],
  );
  t.deepEqual(spec.firmware, { bios: '/bios.bin', vgaBios: '/abs/vga.bin' });
  t.deepEqual(spec.boot, {
    kind: 'bzimage',
    kernel: { package: 'linux-image-686', from: null },
    initrd: { file: '/x/rd.gz' },
    commandLine: 'a b',
  });
});

test('the specs that come with the project are valid', async (t) => {
  const guests = await listGuests();
  t.true(guests.some((each) => each.name === 'debian-busybox'));
  for (const { name } of guests) t.is(describeGuest(name).name, name);
});

const BASE = {
  ...minimal,
  boot: linux,
  devices: { network: 'ne2k', serialPorts: 2 },
  ready: 'login',
  initramfs: {
    files: [
      { path: '/a', text: 'a' },
      { path: '/b', text: 'b' },
    ],
    modules: ['one'],
  },
};

test('a spec that extends another has what it says itself, and the rest of the other', (t) => {
  const own = {
    name: 'own2',
    extends: 'base',
    devices: { network: 'virtio' },
    initramfs: {
      files: [
        { path: '/b', source: 'b.txt' },
        { path: '/c', text: 'c' },
      ],
      modules: ['two', 'one'],
    },
  };
  const asked: string[] = [];
  const spec = parseSpec(stringify(own), '/x/own.yaml', (name) => {
    asked.push(name);
    return parseSpec(stringify(BASE), '/y/base.yaml');
  });
  t.deepEqual(asked, ['base']);
  t.like(spec, { name: 'own2', memory: 64 << 20, ready: 'login' });
  t.deepEqual(spec.devices, { acpi: false, network: 'virtio', serialPorts: 2, virtioConsole: false, share: false });
  t.is(spec.boot.kind, 'bzimage');
  t.deepEqual(spec.initramfs?.files, [
    { path: '/a', mode: 0o644, text: 'a' },
    { path: '/b', mode: 0o644, source: '/x/b.txt' },
    { path: '/c', mode: 0o644, text: 'c' },
  ]);
  t.deepEqual(spec.initramfs?.modules, ['one', 'two']);
});

test('a folder may be named with a slash at its end', (t) => {
  const directories = [{ path: '/d/', mode: 0o755 }];
  const spec = parseSpec(stringify({ ...BASE, initramfs: { directories: [{ path: '/d/' }] } }), '/x/spec.yaml');
  t.deepEqual(spec.initramfs?.directories, directories);
});

test('a spec leaves out what it does not want of another', (t) => {
  const of = (without: string[]) =>
    parseSpec(stringify({ name: 'own', extends: 'base', initramfs: { without } }), '/x/own.yaml', () =>
      parseSpec(stringify(BASE), '/y/base.yaml'),
    ).initramfs;
  t.deepEqual(of(['/a', 'one'])?.files, [{ path: '/b', mode: 0o644, text: 'b' }]);
  t.deepEqual(of(['/a', 'one'])?.modules, []);
  t.throws(() => of(['/nowhere']), { message: /leaves out "\/nowhere", which is not in what it extends/ });
  t.regex(refusal(t, { ...minimal, boot: linux, initramfs: { without: ['/a'] } }), /leaves out/);
});

test('a spec that extends another keeps its disks, whatever it boots', (t) => {
  const base = { ...minimal, boot: { kind: 'disk', hda: 'a.img', fda: 'b.img' }, disks: { cdrom: 'c.iso' } };
  const disksOf = (own: object): unknown =>
    parseSpec(stringify({ name: 'own', extends: 'base', ...own }), '/x/own.yaml', () =>
      parseSpec(stringify(base), '/y/base.yaml'),
    ).disks;
  const all = { hda: { file: '/y/a.img' }, fda: { file: '/y/b.img' }, cdrom: { file: '/y/c.iso' } };
  t.deepEqual(disksOf({}), all);
  t.deepEqual(disksOf({ boot: linux }), all);
  t.deepEqual(disksOf({ disks: { hda: { size: '1M' } } }), { ...all, hda: { size: 1 << 20 } });
});

test('a file of a package is named by its path there, wherever a spec names one', (t) => {
  const from = (path: string): object => ({ package: 'some', from: path });
  t.regex(refusal(t, { ...minimal, disks: { hda: from('../../etc/passwd') } }), /"from"/);
  t.regex(refusal(t, { ...minimal, disks: { hda: from('/a/../../b') } }), /"from"/);
  t.regex(refusal(t, { ...minimal, boot: { ...linux, initrd: from('relative') } }), /"from"/);
  t.regex(refusal(t, { ...minimal, boot: { ...linux, kernel: from('..') } }), /"from"/);
});

test('specs may extend a file, and not themselves', (t) => {
  const folder = temporaryFolder(t);
  const write = (name: string, spec: unknown): string => {
    writeFileSync(join(folder, name), stringify(spec));
    return join(folder, name);
  };
  write('base.yaml', BASE);
  t.is(describeGuest(write('own.yaml', { name: 'own', extends: './base.yaml' })).memory, 64 << 20);
  t.is(describeGuest(write('named.yaml', { name: 'named', extends: 'debian-net' })).devices.network, 'virtio');
  write('a.yaml', { name: 'a', extends: 'b.yaml' });
  const error = t.throws(() => describeGuest(write('b.yaml', { name: 'b', extends: 'a.yaml' })));
  t.regex(error?.message ?? '', /extends itself/);
});

const initramfs = (content: unknown): unknown => ({ ...minimal, boot: linux, initramfs: content });

const WRONG: [string, unknown, RegExp][] = [
  ['no YAML', 'a: [', /is not YAML/],
  ['a list', [1], /must be a mapping/],
  ['nothing', '', /must be a mapping/],
  ['no name', { ...minimal, name: undefined }, /"name"/],
  ['a name with a slash', { ...minimal, name: '../x' }, /"name"/],
  ['memory without unit', { ...minimal, memory: 128 }, /"memory", a size such as 128M, not 128/],
  ['too much memory', { ...minimal, memory: '4G' }, /from 1M to 3G/],
  ['a device that is not logged', { ...minimal, devices: { sound: true } }, /"sound", which is refused/],
  ['an unknown field', { ...minimal, disk: [] }, /unknown field "disk"/],
  ['an unknown boot kind', { ...minimal, boot: { kind: 'floppy' } }, /one of multiboot, bzimage, disk, not "floppy"/],
  ['no disk', { ...minimal, boot: { kind: 'disk' } }, /at least one of hda, hdb, cdrom and fda/],
  ['an unknown drive', { ...minimal, disks: { hdc: 'x.img' } }, /disks has an unknown field "hdc"/],
  ['an hdb without an hda', { ...minimal, disks: { hdb: 'x.img' } }, /has an hdb without an hda/],
  ['an empty CD', { ...minimal, disks: { cdrom: { size: '4M' } } }, /is an empty CD/],
  ['an empty disk of no size', { ...minimal, disks: { hda: { size: '0M' } } }, /needs a "size" that is not 0/],
  ['a disk of an unknown kind', { ...minimal, disks: { hda: { ext5: {} } } }, /needs "size"/],
  ['no kernel', { ...minimal, boot: { kind: 'bzimage' } }, /boot, kernel must be a mapping/],
  [
    'two kernels',
    { ...minimal, boot: { ...linux, kernel: { package: 'a', file: 'b' } } },
    /either "package" or "file"/,
  ],
  ['bad regular expression', { ...minimal, ready: '(' }, /"ready" to be a regular expression/],
  ['bad time', { ...minimal, readyTimeout: 90 }, /"readyTimeout", a time such as 90s/],
  ['half a firmware', { ...minimal, firmware: { bios: 'x' } }, /"vgaBios"/],
  ['initramfs with a disk', { ...minimal, initramfs: {} }, /cannot use/],
  ['initramfs and initrd', { ...minimal, boot: { ...linux, initrd: 'x' }, initramfs: {} }, /one of them is enough/],
  ['relative guest path', initramfs({ files: [{ path: 'init', text: 'x' }] }), /files number 1 .* absolute path/],
  ['file of nothing', initramfs({ files: [{ path: '/init' }] }), /"text", "source" and "package"/],
  ['bad mode', initramfs({ files: [{ path: '/init', text: 'x', mode: '789' }] }), /"mode"/],
  ['bad device', initramfs({ nodes: [{ path: '/d', type: 'pipe', major: 1, minor: 1 }] }), /char, block/],
  ['bad number', initramfs({ nodes: [{ path: '/d', type: 'char', major: -1, minor: 1 }] }), /"major"/],
  [
    'modules for a kernel file',
    { ...minimal, boot: { ...linux, kernel: { file: 'k' } }, initramfs: { modules: ['m'] } },
    /modules/,
  ],
  [
    'one path twice',
    initramfs({ links: [{ path: '/bin/x', target: 'y' }], files: [{ path: '/bin/x', text: 'z' }] }),
    /has "\/bin\/x" twice/,
  ],
  ['path with a NUL', initramfs({ links: [{ path: '/a\0b', target: 'y' }] }), /absolute path/],
  ['root as a path', initramfs({ directories: [{ path: '/' }] }), /absolute path/],
  [
    'one path twice, as a folder',
    initramfs({ links: [{ path: '/b', target: 'y' }], directories: [{ path: '/b/' }] }),
    /has "\/b" twice/,
  ],
  ['path with empty names', initramfs({ directories: [{ path: '/a//b' }] }), /absolute path/],
  ['strange list', initramfs({ links: {} }), /"links" to be a list/],
];

for (const [what, spec, message] of WRONG) {
  test(`refused: ${what}`, (t) => {
    t.regex(refusal(t, spec), message);
  });
}

test('whatever stands in a spec, it is accepted or refused in one sentence', (t) => {
  const text = readFileSync(join(specsDirectory(), 'debian-busybox.yaml'), 'utf8');
  const edit = fc.record({ at: fc.nat(text.length), drop: fc.nat(30), insert: fc.string({ maxLength: 12 }) });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
      let broken = text;
      for (const { at, drop, insert } of edits) broken = broken.slice(0, at) + insert + broken.slice(at + drop);
      try {
        parseSpec(broken, '/x/spec.yaml');
      } catch (error) {
        t.true(error instanceof DecoupleError && error.code === 'guest-invalid', String(error));
        t.false(String(error).includes('\n'));
      }
    }),
    { numRuns: 300 },
  );
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      t.throws(() => parseSpec(JSON.stringify(value), '/x/spec.yaml'), { instanceOf: DecoupleError });
    }),
  );
});

test('a spec without an end', (t) => {
  const error = t.throws(() => parseSpec('name: &a [*a]', '/x/spec.yaml'), { instanceOf: DecoupleError });
  t.is(error?.message, '/x/spec.yaml has an alias within what it stands for.');
});

test('unknown guests and missing specs', async (t) => {
  const unknown = await t.throwsAsync(loadGuest('no-such-guest', { cacheDir: '/nowhere' }), {
    instanceOf: DecoupleError,
  });
  t.is(unknown?.code, 'guest-unknown');
  t.regex(unknown?.advice ?? '', /debian-busybox/);
  const missing = await t.throwsAsync(loadGuest('./no-such.yaml', { cacheDir: '/nowhere' }), {
    instanceOf: DecoupleError,
  });
  t.is(missing?.code, 'file-missing');
});
