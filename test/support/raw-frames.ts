/** The frames of a container as they are in the file, index and end included, for tests of who checks them. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { decode, encode } from '../../formats/cbor.js';
import { crc32 } from '../../formats/checksum.js';
import {
  CODEC_STORED,
  CODEC_ZSTD,
  encodeFrameHeader,
  END_FRAME,
  FRAME_HEADER_BYTES,
  INDEX_FRAME,
  parseFrameHeader,
  PREAMBLE_BYTES,
  type EndRecord,
} from '../../formats/container/index.js';
import { decompress } from '../../formats/zstd.js';

export interface RawFrame {
  kind: number;
  codec: number;
  reach: bigint;
  rawLength: number;
  /** As it is in the file. */
  payload: Uint8Array;
}

/** Of a file that was not cut off. */
export function rawFrames(path: string): RawFrame[] {
  const bytes = readFileSync(path);
  const frames: RawFrame[] = [];
  for (let at = PREAMBLE_BYTES; at < bytes.length;) {
    const { kind, codec, reach, rawLength, storedLength } = parseFrameHeader(bytes.subarray(at));
    at += FRAME_HEADER_BYTES;
    frames.push({ kind, codec, reach, rawLength, payload: bytes.subarray(at, at + storedLength) });
    at += storedLength;
  }
  return frames;
}

export function unpacked({ codec, rawLength, payload }: RawFrame): Uint8Array {
  return codec === CODEC_ZSTD ? decompress(payload, rawLength) : payload;
}

/** The frame with another item, stored as it is. */
export function withItem(frame: RawFrame, change: (item: Record<string, unknown>) => void): RawFrame {
  // The bytes in it are to be changed, too: they must not be those of other copies.
  const item = decode(Uint8Array.from(unpacked(frame))) as Record<string, unknown>;
  change(item);
  const payload = encode(item);
  return { ...frame, codec: CODEC_STORED, rawLength: payload.length, payload };
}

/**
 * A file of these frames, after the preamble of another. Checksums and the digest at the end are made to fit; what index
 * and end say of other frames is left as it is.
 */
export function writeRaw(path: string, like: string, frames: readonly RawFrame[]): void {
  const parts: Uint8Array[] = [readFileSync(like).subarray(0, PREAMBLE_BYTES)];
  let crc = 0;
  for (const [sequence, raw] of frames.entries()) {
    const frame = raw.kind === END_FRAME ? withItem(raw, (end) => (end['sha256'] = digestOf(parts))) : raw;
    const { payload, ...rest } = frame;
    const header = encodeFrameHeader(
      { ...rest, storedLength: payload.length, sequence, payloadCrc: crc32(payload) },
      crc,
    );
    crc = header.readUInt32LE(FRAME_HEADER_BYTES - 4);
    parts.push(header, payload);
  }
  writeFileSync(path, Buffer.concat(parts));
}

/** What the container has of its own at the end, by the rules of the documents. */
export function* ownItems(path: string): Generator<{ rule: string; payload: Uint8Array }> {
  for (const frame of rawFrames(path)) {
    if (frame.kind === INDEX_FRAME) yield { rule: 'index', payload: unpacked(frame) };
    if (frame.kind === END_FRAME) yield { rule: 'end-frame', payload: unpacked(frame) };
  }
}

function digestOf(parts: readonly Uint8Array[]): EndRecord['sha256'] {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
