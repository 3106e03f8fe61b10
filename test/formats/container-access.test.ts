/** Containers from the middle, from pipes, and of other versions. */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { encode } from '../../formats/cbor.js';
import { crc32 } from '../../formats/checksum.js';
import {
  ContainerReader,
  ContainerWriter,
  END_FRAME,
  INDEX_FRAME,
  encodeFrameHeader,
  type FrameTable,
} from '../../formats/container/index.js';
import { FRAMES_PER_INDEX } from '../../formats/container/index-frame.js';
import { DecoupleError } from '../../formats/errors.js';
import { temporaryFolder } from '../support/folder.js';

interface Content {
  kind: number;
  payload: Uint8Array;
  reach: bigint;
}

const contents = fc.array(
  fc.record({
    kind: fc.integer({ min: 0, max: 253 }),
    payload: fc.uint8Array({ maxLength: 100 }),
    reach: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  }),
  { maxLength: 8 },
);

function write(path: string, content: Content[], finished = true): void {
  const writer = new ContainerWriter({ path, kind: 'relog', temporary: false, force: true });
  for (const { kind, payload, reach } of content) writer.frame(kind, payload, reach);
  if (finished) writer.finish({}, 0n);
  writer.abandon();
}

const rows = (table: FrameTable): unknown[] => Array.from({ length: table.length }, (_, i) => table.at(i));

function reading<T>(path: string, use: (reader: ContainerReader) => T): T {
  const reader = new ContainerReader(path);
  try {
    return use(reader);
  } finally {
    reader.close();
  }
}

test('any frame can be opened: through the index, and without one', (t) => {
  const path = join(temporaryFolder(t), 'file');
  fc.assert(
    fc.property(contents, fc.boolean(), (content, finished) => {
      write(path, content, finished);
      for (let from = 0; from <= content.length; from++) {
        reading(path, (reader) => {
          reader.seek(from);
          const got = [...reader].map(({ kind, payload, reach }) => ({
            kind,
            payload: Uint8Array.from(payload),
            reach,
          }));
          t.deepEqual(
            got,
            content.slice(from).map((each) => ({ ...each, payload: Uint8Array.from(each.payload) })),
          );
          t.is(reader.cutOff, !finished);
        });
      }
    }),
    { numRuns: 40 },
  );
});

test('the index says what the headers say', (t) => {
  const path = join(temporaryFolder(t), 'file');
  const content = Array.from({ length: 50 }, (_, i) => ({
    kind: (i % 3) + 1,
    payload: Buffer.alloc(i),
    reach: BigInt(i),
  }));
  write(path, content);
  const whole = readFileSync(path);
  const byIndex = reading(path, (reader) => rows(reader.frames()));
  t.is(byIndex.length, 50);
  // Without its last byte the end frame is none: only the headers are left.
  writeFileSync(path, whole.subarray(0, whole.length - 1));
  t.deepEqual(
    reading(path, (reader) => rows(reader.frames())),
    byIndex,
  );
  reading(path, (reader) => {
    t.is(reader.frames().lastBefore(1, 20n), 18);
    t.is(reader.frames().lastBefore(2, 0n), -1);
    t.deepEqual([...reader.frames().ofKind(3)].slice(0, 2), [2, 5]);
  });
});

test('more frames than one index frame covers', (t) => {
  const path = join(temporaryFolder(t), 'file');
  const frames = FRAMES_PER_INDEX + 10;
  const writer = new ContainerWriter({ path, kind: 'relog', temporary: false, force: true });
  for (let i = 0; i < frames; i++) writer.frame(1, Buffer.from(String(i)), BigInt(i));
  writer.finish({}, 0n);
  reading(path, (reader) => {
    t.is(reader.frames().length, frames);
    reader.seek(frames - 2);
    t.is(Buffer.from(reader.next()!.payload).toString(), String(frames - 2));
  });
  reading(path, (reader) => {
    t.is([...reader].length, frames);
    t.false(reader.cutOff);
  });
});

/** The last frames of a file replaced by others, with all checksums right. */
function withEnd(path: string, index: (offset: number, headers: Uint8Array) => unknown): void {
  const whole = readFileSync(path);
  const table = reading(path, (reader) => reader.frames());
  const last = table.at(table.length - 1);
  const at = last.offset + last.fileBytes;
  const headers = Buffer.alloc(4 * table.length);
  for (let i = 0; i < table.length; i++) headers.writeUInt32LE(table.at(i).headerCrc, 4 * i);
  const parts: Buffer[] = [whole.subarray(0, at)];
  let previous = last.headerCrc;
  const frame = (kind: number, sequence: number, payload: Uint8Array): void => {
    const sizes = { codec: 0, storedLength: payload.length, rawLength: payload.length };
    const header = encodeFrameHeader({ kind, ...sizes, sequence, reach: 0n, payloadCrc: crc32(payload) }, previous);
    previous = header.readUInt32LE(28);
    parts.push(header, Buffer.from(payload));
  };
  frame(INDEX_FRAME, table.length, encode(index(at, headers)));
  const place = Buffer.alloc(8);
  place.writeBigUInt64LE(BigInt(at));
  const sha256 = Uint8Array.from(
    Buffer.from(
      execFileSync('sha256sum', { input: Buffer.concat(parts) })
        .toString('latin1')
        .slice(0, 64),
      'hex',
    ),
  );
  frame(END_FRAME, table.length + 1, encode({ sha256, outcome: {}, index: place }));
  writeFileSync(path, Buffer.concat(parts));
}

test('an index that tells a lie is damage', (t) => {
  const path = join(temporaryFolder(t), 'file');
  const content = [1, 2, 3].map((kind) => ({ kind, payload: Buffer.alloc(20, kind), reach: 5n }));
  const columns = (headers: Uint8Array) => ({
    ...{ first: 0, offset: 16, kinds: Buffer.from([1, 2, 3]), lengths: Buffer.from([52, 52, 52]) },
    ...{ reaches: Buffer.from([5, 0, 0, 0, 0, 0]), headers: Uint8Array.from(headers) },
  });
  write(path, content);
  withEnd(path, (_, headers) => columns(headers));
  t.is(
    reading(path, (reader) => [...reader].length),
    3,
  );
  const lies = [
    { kinds: Buffer.from([1, 1, 3]) },
    { lengths: Buffer.from([52, 51, 53]) },
    { reaches: Buffer.from([5, 0, 1, 0, 0, 0]) },
    { headers: Buffer.alloc(12) },
    {
      kinds: Buffer.from([1, 2]),
      lengths: Buffer.from([52, 52]),
      reaches: Buffer.from([5, 0, 0, 0]),
      headers: Buffer.alloc(8),
    },
    { first: 1 },
  ];
  for (const lie of lies) {
    write(path, content);
    withEnd(path, (_, headers) => ({ ...columns(headers), ...lie }));
    t.throws(() => reading(path, (reader) => [...reader]), { instanceOf: DecoupleError, message: /index/ });
  }
});

test('a pipe is read from front to back, and no other way', (t) => {
  const folder = temporaryFolder(t);
  const [path, pipe] = [join(folder, 'file'), join(folder, 'pipe')];
  write(path, [{ kind: 1, payload: Buffer.alloc(3_000_000, 'not much'), reach: 1n }]);
  execFileSync('mkfifo', [pipe]);
  // Open for both, so that nobody waits for the other; the kernel keeps 64 KiB, and the file packs to far less.
  const both = openSync(pipe, 'r+');
  const feed = (bytes: Uint8Array): void => writeFileSync(both, bytes);
  feed(readFileSync(path));
  // As a shell gives the end of a pipe; by its own name it might keep everybody waiting, and is refused.
  t.throws(() => new ContainerReader(pipe), { message: /it is a pipe, not a file/ });
  const reader = new ContainerReader(`/dev/fd/${openSync(pipe, 'r')}`);
  closeSync(both);
  t.teardown(() => reader.close());
  t.throws(() => reader.frames(), { instanceOf: DecoupleError, message: /only be read once/ });
  t.is(reader.next()?.payload.length, 3_000_000);
  t.is(reader.next(), null);
  t.false(reader.cutOff);
  t.is(reader.size, readFileSync(path).length);
});

function withVersion(path: string, major: number, minor: number): void {
  const bytes = readFileSync(path);
  bytes.writeUInt16LE(major, 8);
  bytes.writeUInt16LE(minor, 10);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 12)), 12);
  writeFileSync(path, bytes);
}

test('another major version is refused by name; a later minor one is read', (t) => {
  const path = join(temporaryFolder(t), 'file');
  write(path, [{ kind: 1, payload: Buffer.from('x'), reach: 0n }], false);
  withVersion(path, 4, 0);
  t.like(
    t.throws(() => new ContainerReader(path), { instanceOf: DecoupleError }),
    { code: 'version-too-new', message: `${path} has format version 4.0; this decouple reads up to 3.` },
  );
  for (const [major, minor] of [
    [3, 9],
    [2, 9],
    [1, 9],
  ] as const) {
    withVersion(path, major, minor);
    reading(path, (reader) => {
      t.deepEqual(reader.version, { major, minor });
      t.is([...reader].length, 1);
    });
  }
});
