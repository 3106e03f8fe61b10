/** A directory of the host on its way into a recording, and into a new directory. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { ShareTree } from '../../engines/v86/share/index.js';
import { encode } from '../../formats/cbor.js';
import { PLAIN_DEVICES } from '../../formats/devices.js';
import { decodeShare, encodeShare, SHARE_LIMITS, type Share } from '../../formats/share.js';
import { ShapeError } from '../../formats/shape.js';
import { scanShare, type ReadFile } from '../../relog/share/scan.js';
import { writeShare } from '../../relog/share/write-back.js';
import { temporaryFolder } from '../support/folder.js';

const GUEST = { name: 'x', devices: { ...PLAIN_DEVICES, share: true } };

function scan(directory: string, read?: ReadFile) {
  return scanShare({ directory, writable: true, output: null, allLinks: false }, GUEST, read);
}

function sample(t: ExecutionContext): string {
  const folder = join(temporaryFolder(t), 'sample');
  mkdirSync(join(folder, 'sub', 'empty'), { recursive: true });
  writeFileSync(join(folder, 'one'), 'same');
  writeFileSync(join(folder, 'sub', 'two'), 'same');
  writeFileSync(join(folder, 'sub', 'grüße'), 'other');
  chmodSync(join(folder, 'one'), 0o741);
  symlinkSync('/etc/passwd', join(folder, 'away'));
  return folder;
}

test('a directory comes back as it was: files, modes, links as links', (t) => {
  const folder = sample(t);
  const { share, summary } = scan(folder);
  t.is(share.contents.length, 2);
  t.deepEqual(summary, { files: 3, bytes: 13, skipped: [], unreadable: [] });
  const back = `${folder}-back`;
  t.deepEqual(writeShare(new ShareTree(decodeShare(encodeShare(share))), back, true), []);
  const list = (path: string): string =>
    execFileSync('find', ['.', '-printf', '%p %y %m %s %l %Ts\n'], { cwd: path, encoding: 'utf8' });
  const files = (path: string): string[] =>
    list(path)
      .split('\n')
      .filter((line) => !/ d /.test(line))
      .sort();
  t.deepEqual(files(back), files(folder));
  t.is(readlinkSync(join(back, 'away')), '/etc/passwd');
  t.true(statSync(join(back, 'sub', 'empty')).isDirectory());
});

test('links that lead out are left out, and no file runs as somebody else', (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'in/sub/deep'), { recursive: true });
  const links: [string, string, boolean][] = [
    ['to-file', 'sub/file', true],
    ['sub/up', '../to-file', true],
    ['sub/deep/two-up', '../../to-file', true],
    ['absolute', '/etc/passwd', false],
    ['out', '../out', false],
    ['sub/out', '../../out', false],
    ['sub/deep/top', '../..', true],
    // By way of the one before, it leads out.
    ['by-way', 'sub/deep/top/..', false],
    ['dotted', './sub/./file', true],
  ];
  for (const [name, target] of links) symlinkSync(target, join(folder, 'in', name));
  writeFileSync(join(folder, 'in/sub/file'), 'x');
  chmodSync(join(folder, 'in/sub/file'), 0o6777);
  const back = join(folder, 'back');
  const leftOut = writeShare(new ShareTree(scan(join(folder, 'in')).share), back, false);
  t.deepEqual(leftOut.sort(), links.flatMap(([name, target, kept]) => (kept ? [] : [`${name} -> ${target}`])).sort());
  for (const [name, , kept] of links)
    t.is(lstatSync(join(back, name), { throwIfNoEntry: false }) !== undefined, kept, name);
  t.is(statSync(join(back, 'sub/file')).mode & 0o7777, 0o777 & ~process.umask());
});

test('an existing directory is never written to', (t) => {
  const folder = sample(t);
  const tree = new ShareTree(scan(folder).share);
  t.throws(() => writeShare(tree, folder, false), { code: 'output-exists' });
  t.is(readFileSync(join(folder, 'one'), 'utf8'), 'same');
});

test('pipes and names that are no text are left out, and named', (t) => {
  const folder = sample(t);
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/bad`), Buffer.of(0xff)]), '');
  const { share, summary } = scan(folder);
  t.deepEqual(summary.skipped, ['bad\ufffd', 'pipe']);
  t.false(share.entries.some(({ path }) => path === 'pipe'));
});

test('a file that vanishes while it is read gives an I/O error in the guest, and the others stay', (t) => {
  const folder = sample(t);
  const { share, summary } = scan(folder, (path) => {
    if (path.endsWith('two')) rmSync(path);
    return readFileSync(path);
  });
  t.deepEqual(summary.unreadable, ['sub/two']);
  const tree = new ShareTree(share);
  const file = tree.child(tree.child(tree.root, 'sub'), 'two');
  t.throws(() => tree.read(file, 0, 10), { message: 'errno 5' });
  t.is(Buffer.from(tree.read(tree.child(tree.root, 'one'), 0, 10)).toString(), 'same');
});

test('what is too large is refused, before it is read', (t) => {
  const folder = sample(t);
  writeFileSync(join(folder, 'huge'), '');
  truncateSync(join(folder, 'huge'), SHARE_LIMITS.bytes + 1);
  t.throws(() => scan(folder), { code: 'usage', message: /more than 256 MiB/ });
});

test('what is no directory is refused', (t) => {
  const folder = sample(t);
  t.throws(() => scan(join(folder, 'none')), { code: 'file-missing' });
  t.throws(() => scan(join(folder, 'one')), { code: 'usage' });
  t.throws(() => scan(join(folder, 'away')), { code: 'usage' });
});

test('shares with impossible places are refused', (t) => {
  const refused = (...entries: unknown[]) =>
    t.throws(() => decodeShare(encode({ writable: true, contents: [], entries })), { instanceOf: ShapeError });
  for (const path of ['..', '../x', '/x', 'a//b', 'a/../b', '', '.', 'a\0']) refused([path, 0o644, 0, 2, null]);
  refused(['a/b', 0o644, 0, 2, null]);
  refused(['a', 0o644, 0, 2, null], ['a/b', 0o644, 0, 2, null]);
  refused(['a', 0o755, 0, 0, null], ['a', 0o755, 0, 0, null]);
  refused(['a', 0o644, 0, 2, 0]);
  refused(['a', 0o644, 0, 3, null]);
});

test('any share survives its encoding', (t) => {
  const name = fc.string({ minLength: 1, maxLength: 20 }).filter((each) => /^[^/\0.]+$/.test(each));
  fc.assert(
    fc.property(fc.uniqueArray(name), fc.array(fc.uint8Array()), fc.boolean(), (names, contents, writable) => {
      const entries = names.map((path, i) => {
        const common = { path, mode: 0o600 + i, mtime: i };
        if (i % 3 === 0) return { ...common, kind: 'directory' as const };
        if (i % 3 === 1) return { ...common, kind: 'link' as const, target: path };
        return { ...common, kind: 'file' as const, content: contents.length === 0 ? null : i % contents.length };
      });
      const share: Share = { writable, entries: entries.slice(0, 64), contents };
      const back = decodeShare(encodeShare(share));
      t.deepEqual({ ...back, contents: back.contents.map((each) => [...each]) } as unknown, {
        ...share,
        contents: contents.map((each) => [...each]),
      });
    }),
  );
});
