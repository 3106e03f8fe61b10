/** Byte layout of the container (docs/formats/container.md): preamble and frame headers, without any file handling. */
import { crc32 } from '../checksum.js';
import { DecoupleError } from '../errors.js';

export const PREAMBLE_BYTES = 16;
export const FRAME_HEADER_BYTES = 32;
/** No frame unpacks to more than this, so a reader knows its memory before it trusts a length. */
export const MAX_PAYLOAD_BYTES = 64 << 20;
export const END_FRAME = 255;
/** Where frames are; of major version 2 on. Kinds below are for what files hold. */
export const INDEX_FRAME = 254;
/** Whether frames of a kind are the container's own. */
export const isReserved = (kind: number): boolean => kind >= INDEX_FRAME;
/** The latest version that is known, of relogs with effects alone; and the one that everything else is written as. */
export const MAJOR_VERSION = 3;
export const USUAL_VERSION = 2;
export const MINOR_VERSION = 0;

export type ContainerKind = 'recording' | 'relog' | 'snapshot' | 'pack';
export const CODEC_STORED = 0;
export const CODEC_ZSTD = 1;
/** The payload is in a store; the file has the SHA-256 of the list of its objects. Of major version 2 on. */
export const CODEC_STORE = 2;

const MAGIC: Record<ContainerKind, Buffer> = {
  recording: Buffer.from('\x89DCR\r\n\x1a\n', 'latin1'),
  relog: Buffer.from('\x89DRL\r\n\x1a\n', 'latin1'),
  snapshot: Buffer.from('\x89DCS\r\n\x1a\n', 'latin1'),
  pack: Buffer.from('\x89DCP\r\n\x1a\n', 'latin1'),
};

export interface Version {
  major: number;
  minor: number;
}

export interface FrameHeader {
  kind: number;
  codec: number;
  storedLength: number;
  rawLength: number;
  sequence: number;
  /** Position or step that the frame reaches. */
  reach: bigint;
  payloadCrc: number;
  headerCrc: number;
}

export function encodePreamble(kind: ContainerKind, major = USUAL_VERSION): Buffer {
  const bytes = Buffer.alloc(PREAMBLE_BYTES);
  MAGIC[kind].copy(bytes, 0);
  bytes.writeUInt16LE(major, 8);
  bytes.writeUInt16LE(MINOR_VERSION, 10);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 12)), 12);
  return bytes;
}

/**
 * Checks a preamble and tells what the file is.
 * @throws DecoupleError not-decouple, damaged, version-too-new
 */
export function decodePreamble(bytes: Buffer, path: string): { kind: ContainerKind; version: Version } {
  const kind = (Object.keys(MAGIC) as ContainerKind[]).find((k) => bytes.subarray(0, 8).equals(MAGIC[k]));
  if (kind === undefined || bytes.length < PREAMBLE_BYTES) {
    // One flipped bit in the magic is damage, not a foreign file; anything else is somebody else's file.
    const near = (Object.keys(MAGIC) as ContainerKind[]).some(
      (k) => differingBits(bytes.subarray(0, 8), MAGIC[k]) <= 4,
    );
    if (near && bytes.length >= 8) throw damaged(path, 'its first bytes are not intact');
    throw new DecoupleError(
      'not-decouple',
      `${path} is neither a recording nor a relog.`,
      'Give a file that `decouple record` or `decouple relog` wrote.',
    );
  }
  if (bytes.readUInt32LE(12) !== crc32(bytes.subarray(0, 12))) throw damaged(path, 'its preamble is not intact');
  const [major, minor] = [bytes.readUInt16LE(8), bytes.readUInt16LE(10)];
  if (major === 0) throw damaged(path, 'its version is 0');
  if (major > MAJOR_VERSION) {
    throw new DecoupleError(
      'version-too-new',
      `${path} has format version ${major}.${minor}; this decouple reads up to ${MAJOR_VERSION}.`,
      'Install a newer decouple.',
    );
  }
  return { kind, version: { major, minor } };
}

export function encodeFrameHeader(header: Omit<FrameHeader, 'headerCrc'>, previousHeaderCrc: number): Buffer {
  const bytes = Buffer.alloc(FRAME_HEADER_BYTES);
  bytes.writeUInt8(header.kind, 0);
  bytes.writeUInt8(header.codec, 1);
  bytes.writeUInt32LE(header.storedLength, 4);
  bytes.writeUInt32LE(header.rawLength, 8);
  bytes.writeUInt32LE(header.sequence, 12);
  bytes.writeBigUInt64LE(header.reach, 16);
  bytes.writeUInt32LE(header.payloadCrc, 24);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 28), previousHeaderCrc), 28);
  return bytes;
}

/** @throws DecoupleError damaged */
export function decodeFrameHeader(
  bytes: Buffer,
  previousHeaderCrc: number,
  sequence: number,
  path: string,
): FrameHeader {
  const header = parseFrameHeader(bytes);
  if (header.headerCrc !== crc32(bytes.subarray(0, 28), previousHeaderCrc) || header.sequence !== sequence) {
    throw damaged(path, `frame ${sequence} is not intact`);
  }
  if (header.storedLength > MAX_PAYLOAD_BYTES || header.rawLength > MAX_PAYLOAD_BYTES || header.codec > CODEC_STORE) {
    throw damaged(path, `frame ${sequence} has an impossible header`);
  }
  return header;
}

/** The fields alone, of a frame whose predecessor is not known yet. */
export function parseFrameHeader(bytes: Buffer): FrameHeader {
  return {
    kind: bytes.readUInt8(0),
    codec: bytes.readUInt8(1),
    storedLength: bytes.readUInt32LE(4),
    rawLength: bytes.readUInt32LE(8),
    sequence: bytes.readUInt32LE(12),
    reach: bytes.readBigUInt64LE(16),
    payloadCrc: bytes.readUInt32LE(24),
    headerCrc: bytes.readUInt32LE(28),
  };
}

export function damaged(path: string, what: string, cause?: unknown): DecoupleError {
  return new DecoupleError(
    'damaged',
    `${path} is damaged: ${what}.`,
    'Get the file again from where it came from; nothing in it was used.',
    { cause },
  );
}

function differingBits(a: Uint8Array, b: Uint8Array): number {
  let bits = 0;
  for (let i = 0; i < b.length; i++) {
    for (let x = (a[i] ?? 0xff) ^ b[i]!; x !== 0; x &= x - 1) bits++;
  }
  return bits;
}
