import test from 'ava';
import fc from 'fast-check';
import { writeCpio, type CpioEntry } from '../../guests/assemble/cpio.js';

interface Record {
  name: string;
  mode: number;
  links: number;
  data: Buffer;
  device: [number, number];
}

/** Reads an archive as the kernel does: headers of 110 characters, names and contents padded to multiples of four. */
function readCpio(archive: Buffer): Record[] {
  const records: Record[] = [];
  for (let at = 0; ;) {
    const header = at;
    if (archive.toString('latin1', at, at + 6) !== '070701') throw new Error(`no header at ${at}`);
    const field = (index: number): number =>
      parseInt(archive.toString('latin1', header + 6 + 8 * index, header + 14 + 8 * index), 16);
    const nameEnd = at + 110 + field(11);
    const name = archive.toString('utf8', at + 110, nameEnd - 1);
    const dataAt = (nameEnd + 3) & ~3;
    const data = archive.subarray(dataAt, dataAt + field(6));
    at = (dataAt + field(6) + 3) & ~3;
    if (name === 'TRAILER!!!') {
      if (at !== archive.length) throw new Error('something follows the end');
      return records;
    }
    if (field(2) !== 0 || field(3) !== 0 || field(5) !== 0) throw new Error(`${name} has an owner or a date`);
    records.push({ name, mode: field(1), links: field(4), data, device: [field(9), field(10)] });
  }
}

const entries: CpioEntry[] = [
  { kind: 'file', path: '/bin/tool', mode: 0o755, data: Buffer.from('12345') },
  { kind: 'link', path: '/bin/sh', target: 'tool' },
  { kind: 'node', path: '/dev/console', type: 'char', mode: 0o600, major: 5, minor: 1 },
  { kind: 'node', path: '/dev/sda', type: 'block', mode: 0o660, major: 8, minor: 0 },
  { kind: 'directory', path: '/tmp', mode: 0o1777 },
  { kind: 'file', path: '/a/b/c/empty', mode: 0o644, data: new Uint8Array(0) },
];

test('each kind of entry, and the directories on the way', (t) => {
  const found = new Map(readCpio(writeCpio(entries)).map((each) => [each.name, each]));
  t.deepEqual(
    [...found.keys()],
    [...['a', 'a/b', 'a/b/c', 'a/b/c/empty', 'bin', 'bin/sh', 'bin/tool', 'dev', 'dev/console', 'dev/sda', 'tmp']],
  );
  t.is(found.get('bin/tool')?.mode, 0o100755);
  t.is(found.get('bin/tool')?.data.toString(), '12345');
  t.is(found.get('bin/sh')?.mode, 0o120777);
  t.is(found.get('bin/sh')?.data.toString(), 'tool');
  t.is(found.get('dev/console')?.mode, 0o020600);
  t.deepEqual(found.get('dev/console')?.device, [5, 1]);
  t.is(found.get('dev/sda')?.mode, 0o060660);
  t.is(found.get('tmp')?.mode, 0o041777);
  t.is(found.get('a/b')?.mode, 0o040755);
  t.is(found.get('a/b')?.links, 2);
});

test('the order of entries does not matter', (t) => {
  t.deepEqual(writeCpio([...entries].reverse()), writeCpio(entries));
});

test('any files come back as they were', (t) => {
  const name = fc.stringMatching(/^[a-z]{1,8}$/);
  const files = fc.uniqueArray(fc.tuple(name, fc.uint8Array({ maxLength: 50 })), { selector: ([path]) => path });
  fc.assert(
    fc.property(files, (given) => {
      const archive = writeCpio(given.map(([path, data]) => ({ kind: 'file', path: `/d/${path}`, mode: 0o644, data })));
      const found = readCpio(archive).filter((each) => each.name.startsWith('d/'));
      const wanted = [...given].sort(([a], [b]) => (a < b ? -1 : 1));
      t.deepEqual(
        found.map((each) => [each.name, [...each.data]]),
        wanted.map(([path, data]) => [`d/${path}`, [...data]]),
      );
    }),
  );
});

test('a path twice, above the root or of the root itself is refused', (t) => {
  const file = (path: string): CpioEntry => ({ kind: 'file', path, mode: 0o644, data: new Uint8Array(0) });
  t.throws(() => writeCpio([file('/a'), file('/a')]), { message: /twice/ });
  t.throws(() => writeCpio([file('/a/../b')]), { message: /bad path/ });
  t.throws(() => writeCpio([file('/')]), { message: /bad path/ });
});
