import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { takeBlobPiece, type BlobName } from '../../formats/blobs.js';
import { decode } from '../../formats/cbor.js';
import { ContainerReader, ContainerWriter } from '../../formats/container/index.js';
import { PAGE_BYTES, PAGE_SOURCE } from '../../formats/pages.js';
import { writeBlob } from '../../formats/recording.js';
import { ShapeError } from '../../formats/shape.js';
import { temporaryFolder } from '../support/folder.js';

function write(path: string, data: Uint8Array, grid: number): { pieces: unknown[]; bytes: number } {
  const writer = new ContainerWriter({ path, kind: 'recording', temporary: false, force: true });
  writeBlob(writer, 'snapshot', data, grid);
  writer.finish({}, 0n);
  const reader = new ContainerReader(path);
  try {
    const frames = [...reader];
    return { pieces: frames.map(({ payload }) => decode(payload)), bytes: writer.bytes };
  } finally {
    reader.close();
  }
}

function read(pieces: unknown[]): Uint8Array {
  const blobs = new Map<BlobName, Uint8Array>();
  for (const piece of pieces) takeBlobPiece(blobs, piece);
  return blobs.get('snapshot')!;
}

test('a blob comes back whatever it is made of and wherever its pages begin', (t) => {
  const path = join(temporaryFolder(t), 'file');
  const pages = fc.array(fc.nat(3), { maxLength: 12 });
  fc.assert(
    fc.property(pages, fc.nat(PAGE_BYTES - 1), fc.nat(PAGE_BYTES - 1), fc.nat(9000), (contents, head, tail, grid) => {
      const parts = [Buffer.alloc(head, 'head'), ...contents.map((n) => Buffer.alloc(PAGE_BYTES, n))];
      const data = Buffer.concat([...parts, Buffer.alloc(tail, 'tail')]);
      t.deepEqual(Buffer.from(read(write(path, data, grid % PAGE_BYTES).pieces)), data);
      t.deepEqual(Buffer.from(read(write(path, data, head).pieces)), data);
    }),
    { numRuns: 60 },
  );
});

test('pages that are alike are there once, when it is known where they begin', (t) => {
  const path = join(temporaryFolder(t), 'file');
  const page = Buffer.from(Array.from({ length: PAGE_BYTES }, (_, i) => (i * i * 31) >> 3));
  const data = Buffer.concat([Buffer.alloc(100, 'x'), page, Buffer.alloc(PAGE_BYTES), page, page]);
  const { pieces } = write(path, data, 100);
  t.is(pieces.length, 2);
  t.is((pieces[1] as { data: Uint8Array }).data.length, PAGE_BYTES);
});

test('pieces that cannot be are refused', (t) => {
  const u32s = (...numbers: number[]): Uint8Array => new Uint8Array(Uint32Array.from(numbers).buffer);
  const base = { name: 'snapshot', offset: 0, length: 2 * PAGE_BYTES };
  const [page, none] = [new Uint8Array(PAGE_BYTES), new Uint8Array()];
  for (const piece of [
    { ...base, sources: u32s(0), data: none },
    { ...base, sources: u32s(PAGE_SOURCE.zero, 5), data: none },
    { ...base, sources: u32s(PAGE_SOURCE.data), data: none },
    { ...base, sources: u32s(PAGE_SOURCE.zero), data: page },
    { ...base, sources: u32s(PAGE_SOURCE.zero, PAGE_SOURCE.zero, PAGE_SOURCE.zero), data: none },
    { ...base, offset: 2 * PAGE_BYTES, data: page },
    { ...base, name: 'passwd', data: page },
  ]) {
    t.throws(() => read([piece]), { instanceOf: ShapeError });
  }
});
