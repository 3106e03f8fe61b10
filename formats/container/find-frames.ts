/** Finds the frames of a file without unpacking them: through its index, or header by header. */
import { decode } from '../cbor.js';
import { crc32 } from '../checksum.js';
import { DecoupleError } from '../errors.js';
import { decompress } from '../zstd.js';
import { FrameTable } from './frame-table.js';
import { readIndex } from './index-frame.js';
import {
  CODEC_STORED,
  decodeFrameHeader,
  END_FRAME,
  FRAME_HEADER_BYTES,
  INDEX_FRAME,
  MAX_PAYLOAD_BYTES,
  parseFrameHeader,
  PREAMBLE_BYTES,
  type FrameHeader,
  type Version,
} from './layout.js';
import { readOnce, type ByteSource } from './source.js';

/** The end frame's last bytes, and so the file's: where the index begins. */
export const INDEX_PLACE_BYTES = 8;

/** @throws DecoupleError damaged, file-unreadable; usage when it is a pipe */
export function findFrames(source: ByteSource, path: string, version: Version): FrameTable {
  const { size } = source;
  if (size === null) throw readOnce(path);
  const hasIndex = version.major > 1;
  return (hasIndex ? fromIndex(source, size) : null) ?? fromHeaders(source, size, path, hasIndex);
}

/** Null when the file has no index, or one that does not hold: then its headers tell what is the matter. */
function fromIndex(source: ByteSource, size: number): FrameTable | null {
  if (size < PREAMBLE_BYTES + 2 * FRAME_HEADER_BYTES) return null;
  const place = source.read(size - INDEX_PLACE_BYTES, INDEX_PLACE_BYTES).readBigUInt64LE();
  if (place < PREAMBLE_BYTES || place > size - 2 * FRAME_HEADER_BYTES) return null;
  const start = Number(place);
  const table = new FrameTable();
  const found: { header: FrameHeader; bytes: Buffer }[] = [];
  try {
    for (let offset = start; ;) {
      const bytes = source.read(offset, FRAME_HEADER_BYTES);
      if (bytes.length < FRAME_HEADER_BYTES) return null;
      const header = parseFrameHeader(bytes);
      found.push({ header, bytes });
      offset += FRAME_HEADER_BYTES + header.storedLength;
      if (header.kind === END_FRAME) {
        return offset === size && areChained(found, table) && endsAt(table, start) ? table : null;
      }
      if (header.kind !== INDEX_FRAME || offset > size) return null;
      readIndex(decode(payloadOf(source, offset - header.storedLength, header)), table, start);
    }
  } catch (error) {
    if (error instanceof DecoupleError) throw error;
    return null;
  }
}

function payloadOf(source: ByteSource, offset: number, header: FrameHeader): Uint8Array {
  if (header.storedLength > MAX_PAYLOAD_BYTES || header.rawLength > MAX_PAYLOAD_BYTES)
    throw new RangeError('too large');
  const stored = source.read(offset, header.storedLength);
  if (crc32(stored) !== header.payloadCrc) throw new Error('not intact');
  return header.codec === CODEC_STORED ? stored : decompress(stored, header.rawLength);
}

/** The index and the end frame follow the last frame that the index names. */
function areChained(frames: { header: FrameHeader; bytes: Buffer }[], table: FrameTable): boolean {
  let crc = table.length === 0 ? 0 : table.at(table.length - 1).headerCrc;
  return frames.every(({ header, bytes }, i) => {
    const fits = header.headerCrc === crc32(bytes.subarray(0, 28), crc) && header.sequence === table.length + i;
    crc = header.headerCrc;
    return fits;
  });
}

function endsAt(table: FrameTable, offset: number): boolean {
  if (table.length === 0) return offset === PREAMBLE_BYTES;
  const last = table.at(table.length - 1);
  return last.offset + last.fileBytes === offset;
}

function fromHeaders(source: ByteSource, size: number, path: string, hasIndex: boolean): FrameTable {
  const table = new FrameTable();
  let previous = 0;
  for (let offset = PREAMBLE_BYTES; size - offset >= FRAME_HEADER_BYTES;) {
    const bytes = source.read(offset, FRAME_HEADER_BYTES);
    const { kind, reach, headerCrc, storedLength } = decodeFrameHeader(bytes, previous, table.length, path);
    const fileBytes = FRAME_HEADER_BYTES + storedLength;
    if (kind === END_FRAME || (hasIndex && kind === INDEX_FRAME) || size - offset < fileBytes) break;
    table.push({ kind, offset, fileBytes, reach, headerCrc });
    previous = headerCrc;
    offset += fileBytes;
  }
  return table;
}
