/**
 * The index of a container: kind, length, reach and header checksum of every frame, in columns. It is a function of the
 * frames alone, so that a reader of the whole file can tell whether it is right.
 */
import { crc32 } from '../checksum.js';
import { bytes, record, ShapeError, uint } from '../shape.js';
import { VarintReader, VarintWriter } from '../varint.js';
import type { FrameEntry, FrameTable } from './frame-table.js';
import { FRAME_HEADER_BYTES, MAX_PAYLOAD_BYTES, PREAMBLE_BYTES } from './layout.js';

/** Frames that one index frame covers at the most: its payload stays far below the limit of a frame. */
export const FRAMES_PER_INDEX = 1 << 16;

/** What one index frame holds: a stretch of frames (docs/formats/container.md). */
export interface IndexColumns {
  first: number;
  offset: number;
  kinds: Uint8Array;
  lengths: Uint8Array;
  reaches: Uint8Array;
  headers: Uint8Array;
}

/** Encodes frames into the columns of index frames as they come. Holds about ten bytes a frame, for one index frame. */
export class IndexBuilder {
  private kinds = Buffer.allocUnsafe(256);
  private readonly lengths = new VarintWriter();
  private readonly reaches = new VarintWriter();
  private crcs = Buffer.allocUnsafe(1024);
  private count = 0;
  private first = 0;
  private offset = PREAMBLE_BYTES;
  private start = PREAMBLE_BYTES;
  private lastReach = 0n;

  /** @param full gets the columns of each index frame, when it is complete */
  constructor(private readonly full: (columns: IndexColumns) => void) {}

  add({ kind, fileBytes, reach, headerCrc }: Omit<FrameEntry, 'offset'>): void {
    if (this.count === this.kinds.length) {
      this.kinds = Buffer.concat([this.kinds], 2 * this.kinds.length);
      this.crcs = Buffer.concat([this.crcs], 2 * this.crcs.length);
    }
    this.kinds[this.count] = kind;
    this.crcs.writeUInt32LE(headerCrc, 4 * this.count);
    this.lengths.push(fileBytes);
    this.pushReach(reach);
    this.offset += fileBytes;
    this.count++;
    if (this.count === FRAMES_PER_INDEX) this.flush();
  }

  /** Ends the index frame that is begun. At least one comes, also for no frames at all. */
  end(): void {
    if (this.count > 0 || this.first === 0) this.flush();
  }

  /** Differences modulo 2^64, in two halves: for all but odd files the second is 0. */
  private pushReach(reach: bigint): void {
    const difference = BigInt.asUintN(64, reach - this.lastReach);
    this.reaches.push(Number(difference & 0xffffffffn));
    this.reaches.push(Number(difference >> 32n));
    this.lastReach = reach;
  }

  private flush(): void {
    const { first, start: offset, count } = this;
    const kinds = Uint8Array.from(this.kinds.subarray(0, count));
    const headers = Uint8Array.from(this.crcs.subarray(0, 4 * count));
    this.full({ first, offset, kinds, lengths: this.lengths.take(), reaches: this.reaches.take(), headers });
    this.first += count;
    this.start = this.offset;
    this.count = 0;
    this.lastReach = 0n;
  }
}

/**
 * Appends what an index frame says.
 * @param limit where the frames it covers end at the latest: where the index itself begins
 * @throws ShapeError when it does not go on where `table` ends; RangeError when a column is cut short
 */
export function readIndex(value: unknown, table: FrameTable, limit: number): void {
  const map = columnsOf(value);
  const last = table.length > 0 ? table.at(table.length - 1) : null;
  let { offset } = map;
  if (map.first !== table.length) throw new ShapeError('index.first is wrong');
  if (offset !== (last === null ? PREAMBLE_BYTES : last.offset + last.fileBytes)) {
    throw new ShapeError('index.offset is wrong');
  }
  const { kinds, headers } = map;
  const view = new DataView(headers.buffer, headers.byteOffset, headers.byteLength);
  const lengths = new VarintReader(map.lengths);
  const reaches = new VarintReader(map.reaches);
  let reach = 0n;
  for (const [i, kind] of kinds.entries()) {
    const fileBytes = lengths.next();
    reach = BigInt.asUintN(64, reach + BigInt(reaches.next()) + (BigInt(reaches.next()) << 32n));
    const possible = fileBytes >= FRAME_HEADER_BYTES && fileBytes <= FRAME_HEADER_BYTES + MAX_PAYLOAD_BYTES;
    if (!possible || offset + fileBytes > limit) throw new ShapeError('index.lengths is impossible');
    table.push({ kind, offset, fileBytes, reach, headerCrc: view.getUint32(4 * i, true) });
    offset += fileBytes;
  }
  if (!lengths.done || !reaches.done) throw new ShapeError('the columns of the index do not fit together');
}

/** Checks the shape of an index frame's payload. @throws ShapeError */
export function columnsOf(value: unknown): IndexColumns {
  const map = record(value, 'the index');
  const kinds = bytes(map.kinds, 'index.kinds');
  return {
    first: uint(map.first, 'index.first'),
    offset: uint(map.offset, 'index.offset'),
    kinds,
    lengths: bytes(map.lengths, 'index.lengths'),
    reaches: bytes(map.reaches, 'index.reaches'),
    headers: bytes(map.headers, 'index.headers', 4 * kinds.length),
  };
}

/** Tells the contents of index frames apart: what a reader keeps of one while it counts frames itself. */
export function columnsCrc({ first, offset, kinds, lengths, reaches, headers }: IndexColumns): number {
  const places = Buffer.from(Float64Array.of(first, offset, kinds.length, lengths.length).buffer);
  return [kinds, lengths, reaches, headers].reduce((crc, column) => crc32(column, crc), crc32(places));
}
