import { readFileSync, writeFileSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { ContainerReader, ContainerWriter, type Frame } from '../../formats/container/index.js';
import { DecoupleError } from '../../formats/errors.js';
import { temporaryFolder } from '../support/folder.js';

const frames = fc.array(
  fc.record({
    kind: fc.integer({ min: 0, max: 253 }),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.nat(5000).map((n) => new Uint8Array(n).fill(7)),
    ),
    reach: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  }),
  { maxLength: 6 },
);
type Content = ReturnType<typeof frames.generate>['value'];

function write(path: string, content: Content, finished = true): void {
  const writer = new ContainerWriter({ path, kind: 'relog', temporary: false, force: true });
  for (const { kind, payload, reach } of content) writer.frame(kind, payload, reach);
  if (finished) writer.finish({ reason: 'test' }, 0n);
  writer.abandon();
}

function readAll(path: string): { frames: Frame[]; cutOff: boolean } {
  const reader = new ContainerReader(path);
  try {
    return { frames: [...reader], cutOff: reader.cutOff };
  } finally {
    reader.close();
  }
}

const same = (t: ExecutionContext, got: Frame[], content: Content): boolean =>
  t.deepEqual(
    got.map(({ kind, payload, reach }) => ({ kind, payload: Uint8Array.from(payload), reach })),
    content.map((frame) => ({ ...frame, payload: Uint8Array.from(frame.payload) })),
  );

test('what is written is read', (t) => {
  const path = join(temporaryFolder(t), 'file');
  fc.assert(
    fc.property(frames, (content) => {
      write(path, content);
      const got = readAll(path);
      same(t, got.frames, content);
      t.false(got.cutOff);
    }),
    { numRuns: 40 },
  );
});

test('any one flipped bit is an error', (t) => {
  const path = join(temporaryFolder(t), 'file');
  write(path, [
    { kind: 1, payload: Buffer.from('a header'), reach: 0n },
    { kind: 4, payload: Buffer.alloc(2000, 'packed well '), reach: 1n << 40n },
  ]);
  const whole = readFileSync(path);
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const bytes = Buffer.from(whole);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    writeFileSync(path, bytes);
    t.throws(() => readAll(path), { instanceOf: DecoupleError }, `bit ${bit}`);
  }
});

test('a prefix is cut off: its complete frames are read, and it says so', (t) => {
  const path = join(temporaryFolder(t), 'file');
  const content = [1, 2, 3].map((kind) => ({ kind, payload: Uint8Array.from(Buffer.alloc(50, kind)), reach: 0n }));
  write(path, content);
  const whole = readFileSync(path);
  for (let length = 16; length < whole.length; length++) {
    writeFileSync(path, whole.subarray(0, length));
    const got = readAll(path);
    t.true(got.cutOff);
    same(t, got.frames, content.slice(0, got.frames.length));
  }
});

test('frames cannot be dropped, doubled, swapped or taken from another file', (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'file');
  const content = [1, 2, 3].map((kind) => ({ kind, payload: Uint8Array.from(Buffer.alloc(40, kind)), reach: 0n }));
  write(path, content);
  const whole = readFileSync(path);
  const starts = [16, 88, 160, 232].slice(0, 4);
  const piece = (i: number): Buffer => whole.subarray(starts[i], starts[i + 1] ?? whole.length);
  t.is(piece(0).length, 72);
  const [head, end] = [whole.subarray(0, 16), whole.subarray(starts[3])];
  const arrangements = [
    [head, piece(1), piece(2), end],
    [head, piece(0), piece(2), end],
    [head, piece(1), piece(0), piece(2), end],
    [head, piece(0), piece(0), piece(1), piece(2), end],
    [head, piece(0), piece(1), end],
    [whole, end],
    [whole, Buffer.from('x')],
  ];
  for (const pieces of arrangements) {
    writeFileSync(path, Buffer.concat(pieces));
    t.throws(() => readAll(path), { instanceOf: DecoupleError });
  }
});

test('random bytes behind a good preamble never do worse than an error', (t) => {
  const path = join(temporaryFolder(t), 'file');
  write(path, [], false);
  const head = readFileSync(path);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (tail) => {
      writeFileSync(path, Buffer.concat([head, tail]));
      try {
        readAll(path);
      } catch (error) {
        t.true(error instanceof DecoupleError, String(error));
      }
    }),
    { numRuns: 300 },
  );
  t.pass();
});

test('an output that exists is left alone, also when it appears meanwhile', (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'out');
  writeFileSync(path, 'precious');
  t.throws(() => new ContainerWriter({ path, kind: 'relog', temporary: true, force: false }), {
    instanceOf: DecoupleError,
  });
  const late = join(folder, 'late');
  const writer = new ContainerWriter({ path: late, kind: 'relog', temporary: true, force: false });
  writeFileSync(late, 'precious');
  t.throws(() => writer.finish({}, 0n), { instanceOf: DecoupleError });
  writer.abandon();
  t.is(readFileSync(late, 'utf8'), 'precious');
  t.is(readFileSync(path, 'utf8'), 'precious');
});

test('a temporary output leaves nothing behind when it is given up', (t) => {
  const folder = temporaryFolder(t);
  const writer = new ContainerWriter({ path: join(folder, 'out'), kind: 'relog', temporary: true, force: false });
  writer.frame(1, Buffer.from('x'), 0n);
  writer.abandon();
  writer.abandon();
  t.deepEqual(readdirSync(folder), []);
  t.false(existsSync(join(folder, 'out')));
});
