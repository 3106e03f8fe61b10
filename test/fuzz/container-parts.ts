/** A container taken apart into frames that can be changed in any way, and put together with the checksums that it then needs. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { decode, encode } from '../../formats/cbor.js';
import { crc32 } from '../../formats/checksum.js';
import { IndexBuilder } from '../../formats/container/index-frame.js';
import {
  CODEC_STORED,
  CODEC_ZSTD,
  END_FRAME,
  FRAME_HEADER_BYTES,
  INDEX_FRAME,
  parseFrameHeader,
  PREAMBLE_BYTES,
} from '../../formats/container/layout.js';
import { compress, decompress } from '../../formats/zstd.js';

/** A frame. What is null is worked out when the file is put together. */
export interface Part {
  kind: number;
  codec: number;
  /** Unpacked; of codec 2 the name of a list. */
  payload: Uint8Array;
  reach: bigint;
  /** In the place of the packed payload. */
  stored: Uint8Array | null;
  rawLength: number | null;
  storedLength: number | null;
  sequence: number | null;
  /** Exclusive-ored to the checksums that are right. */
  payloadCrcFlip: number;
  headerCrcFlip: number;
}

export interface Container {
  preamble: Buffer;
  /** Without index and end. */
  frames: Part[];
  /** What the end says, or null: cut off. */
  outcome: Uint8Array | null;
}

/** What is put right after a change; all of it mostly, or else nothing behind the checksums is ever reached. */
export interface Repair {
  index: boolean;
  digest: boolean;
}

const LEVEL = 1;

export function takeApart(path: string): Container {
  const bytes = readFileSync(path);
  const frames: Part[] = [];
  let outcome: Uint8Array | null = null;
  for (let offset = PREAMBLE_BYTES; offset < bytes.length;) {
    const { kind, codec, storedLength, rawLength, reach } = parseFrameHeader(
      bytes.subarray(offset, offset + FRAME_HEADER_BYTES),
    );
    offset += FRAME_HEADER_BYTES;
    const stored = bytes.subarray(offset, (offset += storedLength));
    const payload = codec === CODEC_ZSTD ? decompress(stored, rawLength) : stored;
    if (kind === END_FRAME) outcome = encode((decode(payload) as { outcome: unknown }).outcome);
    else if (kind !== INDEX_FRAME) {
      // Contents of stores keep their length: it is not that of what is in the file.
      frames.push({ ...newPart(kind, payload, reach), codec, rawLength: codec > CODEC_ZSTD ? rawLength : null });
    }
  }
  return { preamble: Buffer.from(bytes.subarray(0, PREAMBLE_BYTES)), frames, outcome };
}

export function newPart(kind: number, payload: Uint8Array, reach: bigint): Part {
  return {
    ...{ kind, codec: CODEC_ZSTD, payload, reach, stored: null, rawLength: null, storedLength: null, sequence: null },
    ...{ payloadCrcFlip: 0, headerCrcFlip: 0 },
  };
}

export function putTogether({ preamble, frames, outcome }: Container, repair: Repair): Buffer {
  const pieces: Uint8Array[] = [preamble];
  let length = preamble.length;
  let [previous, sequence] = [0, 0];
  const index: Uint8Array[] = [];
  const builder = new IndexBuilder((columns) => index.push(encode(columns)));
  const append = (part: Part): void => {
    const stored = part.stored ?? (part.codec === CODEC_ZSTD ? packed(part.payload) : part.payload);
    const header = headerOf(part, stored, part.sequence ?? sequence, previous);
    previous = header.readUInt32LE(28);
    sequence++;
    pieces.push(header, stored);
    length += header.length + stored.length;
    const fileBytes = header.length + stored.length;
    builder.add({ kind: part.kind, fileBytes, reach: BigInt.asUintN(64, part.reach), headerCrc: previous });
  };
  frames.forEach(append);
  if (outcome === null) return Buffer.concat(pieces);
  builder.end();
  const place = Buffer.alloc(8);
  place.writeBigUInt64LE(BigInt(length));
  const hasIndex = preamble.readUInt16LE(8) !== 1;
  if (hasIndex)
    index.forEach((payload, i) => append(newPart(INDEX_FRAME, repair.index ? payload : spoiled(payload, i), 0n)));
  const sha256 = createHash('sha256').update(Buffer.concat(pieces)).digest();
  if (!repair.digest) sha256[0]! ^= 1;
  // As a map of encoded items: the outcome may be anything.
  const entries = [
    [encode('sha256'), encode(sha256)],
    [encode('outcome'), outcome],
    ...(hasIndex ? [[encode('index'), encode(place)]] : []),
  ];
  const end = Buffer.concat([Buffer.of(0xa0 | entries.length), ...entries.flat()]);
  append({ ...newPart(END_FRAME, end, frames.at(-1)?.reach ?? 0n), codec: CODEC_STORED });
  return Buffer.concat(pieces);
}

function headerOf(part: Part, stored: Uint8Array, sequence: number, previous: number): Buffer {
  const bytes = Buffer.alloc(FRAME_HEADER_BYTES);
  bytes.writeUInt8(part.kind & 0xff, 0);
  bytes.writeUInt8(part.codec & 0xff, 1);
  bytes.writeUInt32LE((part.storedLength ?? stored.length) >>> 0, 4);
  bytes.writeUInt32LE((part.rawLength ?? part.payload.length) >>> 0, 8);
  bytes.writeUInt32LE(sequence >>> 0, 12);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, part.reach), 16);
  bytes.writeUInt32LE((crc32(stored) ^ part.payloadCrcFlip) >>> 0, 24);
  bytes.writeUInt32LE((crc32(bytes.subarray(0, 28), previous) ^ part.headerCrcFlip) >>> 0, 28);
  return bytes;
}

/** Of payloads that were not changed, there is one for all cases. */
const known = new WeakMap<Uint8Array, Uint8Array>();

function packed(payload: Uint8Array): Uint8Array {
  let bytes = known.get(payload);
  if (bytes === undefined) known.set(payload, (bytes = compress(payload, LEVEL)));
  return bytes;
}

function spoiled(payload: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(payload);
  copy[(7 + 13 * at) % copy.length]! ^= 1;
  return copy;
}
