/**
 * Files inside a recording, in pieces. Pages of a file that are like an earlier page of it are said to be copies: a
 * snapshot holds RAM, where the same page is found many times.
 */
import { encode } from './cbor.js';
import { crc32 } from './checksum.js';
import type { ContainerWriter } from './container/index.js';
import { PAGE_BYTES, PAGE_SOURCE, u32sOf } from './pages.js';
import { bytes, record, ShapeError, text, uint } from './shape.js';

/** A file of the guest, or the snapshot it starts from. */
export type BlobName = 'bios' | 'vgaBios' | 'multiboot' | 'bzimage' | 'initrd' | 'fda' | 'snapshot' | 'share';
const BLOB_NAMES: readonly string[] = ['bios', 'vgaBios', 'multiboot', 'bzimage', 'initrd', 'fda', 'snapshot', 'share'];
const MAX_BLOB_BYTES = 2 ** 31;
/** Pages with contents in a piece at the most, and pages in all. */
const CONTENTS_PER_PIECE = 1024;
const PAGES_PER_PIECE = 16 * CONTENTS_PER_PIECE;
const ZEROS = Buffer.alloc(PAGE_BYTES);

/**
 * @param kind of the frames
 * @param grid where in the file, modulo 4096, pages begin: those of RAM if it holds RAM
 */
export function writeBlobFrames(
  writer: ContainerWriter,
  kind: number,
  name: BlobName,
  data: Uint8Array,
  grid: number,
): void {
  const length = data.length;
  const put = (offset: number, rest: object): void =>
    void writer.contents(kind, encode({ name, offset, length, ...rest }), 0n);
  const pagesEnd = grid + Math.max(0, Math.floor((length - grid) / PAGE_BYTES)) * PAGE_BYTES;
  const head = Math.min(grid, length);
  if (head > 0 || length === 0) put(0, { data: data.subarray(0, head) });
  for (const piece of pieces(data.subarray(head, pagesEnd))) put(head + piece.offset, piece.rest);
  if (pagesEnd < length) put(pagesEnd, { data: data.subarray(pagesEnd) });
}

/** @param pages whole pages */
function* pieces(pages: Uint8Array): Generator<{ offset: number; rest: { sources: Uint8Array; data: Uint8Array } }> {
  const known = new Map<number, number>();
  let [sources, contents, offset] = [[] as number[], [] as Uint8Array[], 0];
  for (let at = 0; at < pages.length; at += PAGE_BYTES) {
    const page = pages.subarray(at, at + PAGE_BYTES);
    const source = sourceOf(pages, page, at / PAGE_BYTES, known);
    sources.push(source);
    if (source === PAGE_SOURCE.data) contents.push(page);
    const isLast = at + PAGE_BYTES === pages.length;
    if (!isLast && contents.length < CONTENTS_PER_PIECE && sources.length < PAGES_PER_PIECE) continue;
    const numbers = new Uint8Array(Uint32Array.from(sources).buffer);
    yield { offset, rest: { sources: numbers, data: Buffer.concat(contents) } };
    [sources, contents, offset] = [[], [], at + PAGE_BYTES];
  }
}

/** The checksum finds the page, the contents decide. */
function sourceOf(pages: Uint8Array, page: Uint8Array, number: number, known: Map<number, number>): number {
  if (ZEROS.equals(page)) return PAGE_SOURCE.zero;
  const crc = crc32(page);
  const like = known.get(crc);
  if (like === undefined) known.set(crc, number);
  else if (Buffer.compare(pages.subarray(like * PAGE_BYTES, (like + 1) * PAGE_BYTES), page) === 0) return like;
  return PAGE_SOURCE.data;
}

/**
 * Puts a piece in its place.
 * @throws ShapeError
 */
export function takeBlobPiece(blobs: Map<BlobName, Uint8Array>, value: unknown): void {
  const map = record(value, 'a blob');
  const name = text(map.name, 'blob.name');
  if (!BLOB_NAMES.includes(name)) throw new ShapeError(`there is no blob ${JSON.stringify(name.slice(0, 40))}`);
  const length = uint(map.length, 'blob.length', MAX_BLOB_BYTES);
  const offset = uint(map.offset, 'blob.offset', MAX_BLOB_BYTES);
  const data = bytes(map.data, 'blob.data');
  const sources = map.sources === undefined ? null : u32sOf(map.sources, 'blob.sources');
  let blob = blobs.get(name as BlobName);
  if (blob === undefined) {
    // calloc'ed: pages that no piece fills cost nothing, whatever length the file claims.
    blob = new Uint8Array(length);
    blobs.set(name as BlobName, blob);
  }
  const pieceBytes = sources === null ? data.length : sources.length * PAGE_BYTES;
  if (length !== blob.length || offset + pieceBytes > length) throw new ShapeError('blob pieces do not fit together');
  if (sources === null) blob.set(data, offset);
  else putPages(blob, offset, sources, data);
}

function putPages(blob: Uint8Array, offset: number, sources: Uint32Array, data: Uint8Array): void {
  const grid = offset % PAGE_BYTES;
  let taken = 0;
  for (const [i, source] of sources.entries()) {
    const at = offset + i * PAGE_BYTES;
    if (source === PAGE_SOURCE.data) {
      if (data.length - taken < PAGE_BYTES) throw new ShapeError('blob.data is too short');
      blob.set(data.subarray(taken, taken + PAGE_BYTES), at);
      taken += PAGE_BYTES;
    } else if (source !== PAGE_SOURCE.zero) {
      const from = grid + source * PAGE_BYTES;
      if (from >= at) throw new ShapeError('a page of a blob is the copy of a later one');
      blob.copyWithin(at, from, from + PAGE_BYTES);
    }
  }
  if (taken !== data.length) throw new ShapeError('blob.data is too long');
}
