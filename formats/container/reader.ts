/** Reads a container frame by frame, with memory bounded by one frame, checking everything before it is handed out. */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { decode } from '../cbor.js';
import { crc32 } from '../checksum.js';
import { DecoupleError, inputError } from '../errors.js';
import { decompress } from '../zstd.js';
import {
  CODEC_ZSTD,
  damaged,
  decodeFrameHeader,
  decodePreamble,
  END_FRAME,
  FRAME_HEADER_BYTES,
  PREAMBLE_BYTES,
  type ContainerKind,
} from './layout.js';
import type { EndRecord } from './writer.js';

export interface Frame {
  kind: number;
  reach: bigint;
  payload: Uint8Array;
  /** Bytes the frame takes in the file. */
  fileBytes: number;
}

export class ContainerReader {
  readonly kind: ContainerKind;
  /** Bytes of the file. */
  readonly size: number;
  /** Set when the end frame has been read. */
  end: EndRecord | null = null;
  /** The file stops in the middle of a frame or without an end frame. Known after the last frame. */
  cutOff = false;
  offset = PREAMBLE_BYTES;
  private readonly fd: number;
  private readonly hash: Hash = createHash('sha256');
  private sequence = 0;
  private previousHeaderCrc = 0;
  private closed = false;

  /** @throws DecoupleError file-missing, file-unreadable, not-decouple, damaged, version-too-new, wrong-kind */
  constructor(
    readonly path: string,
    expected?: ContainerKind,
  ) {
    this.fd = openForReading(path);
    try {
      this.size = fstatSync(this.fd).size;
      const preamble = this.read(0, Math.min(PREAMBLE_BYTES, this.size));
      this.kind = decodePreamble(preamble, path);
      this.hash.update(preamble);
      if (expected !== undefined && this.kind !== expected) throw wrongKind(path, this.kind, expected);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * The next frame, or null after the last one (the end frame itself is not handed out: see `end`).
   * @throws DecoupleError damaged
   */
  next(): Frame | null {
    if (this.end !== null || this.cutOff) return null;
    const left = this.size - this.offset;
    if (left < FRAME_HEADER_BYTES) return this.stopShort();
    const headerBytes = this.read(this.offset, FRAME_HEADER_BYTES);
    const header = decodeFrameHeader(headerBytes, this.previousHeaderCrc, this.sequence, this.path);
    if (left < FRAME_HEADER_BYTES + header.storedLength) return this.stopShort();
    const stored = this.read(this.offset + FRAME_HEADER_BYTES, header.storedLength);
    if (crc32(stored) !== header.payloadCrc) throw damaged(this.path, `frame ${this.sequence} is not intact`);
    const payload = this.unpack(stored, header.codec, header.rawLength);
    const fileBytes = FRAME_HEADER_BYTES + header.storedLength;
    if (header.kind === END_FRAME) {
      this.finish(payload, fileBytes);
      return null;
    }
    this.hash.update(headerBytes).update(stored);
    this.offset += fileBytes;
    this.previousHeaderCrc = header.headerCrc;
    this.sequence++;
    return { kind: header.kind, reach: header.reach, payload, fileBytes };
  }

  /** All frames to the end. */
  *[Symbol.iterator](): Generator<Frame> {
    for (let frame = this.next(); frame !== null; frame = this.next()) yield frame;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    closeSync(this.fd);
  }

  private unpack(stored: Buffer, codec: number, rawLength: number): Uint8Array {
    if (codec !== CODEC_ZSTD) {
      if (stored.length !== rawLength) throw damaged(this.path, `frame ${this.sequence} has an impossible header`);
      return stored;
    }
    try {
      return decompress(stored, rawLength);
    } catch (error) {
      throw damaged(this.path, `frame ${this.sequence} cannot be unpacked`, error);
    }
  }

  private finish(payload: Uint8Array, fileBytes: number): void {
    const record = decode(payload) as Partial<EndRecord>;
    const digest = this.hash.copy().digest();
    if (!(record.sha256 instanceof Uint8Array) || Buffer.compare(record.sha256, digest) !== 0) {
      throw damaged(this.path, 'its digest does not match its contents');
    }
    if (this.offset + fileBytes !== this.size) throw damaged(this.path, 'there are bytes after its end');
    this.end = { sha256: digest, outcome: record.outcome ?? {} };
  }

  private stopShort(): null {
    this.cutOff = true;
    return null;
  }

  private read(offset: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    let done = 0;
    while (done < length) {
      const got = readSync(this.fd, bytes, done, length - done, offset + done);
      if (got === 0) throw damaged(this.path, 'it became shorter while it was read');
      done += got;
    }
    return bytes;
  }
}

function openForReading(path: string): number {
  try {
    const fd = openSync(path, 'r');
    if (!fstatSync(fd).isDirectory()) return fd;
    closeSync(fd);
  } catch (error) {
    throw inputError(path, error);
  }
  throw inputError(path, Object.assign(new Error('it is a directory'), { code: 'EISDIR' }));
}

function wrongKind(path: string, kind: ContainerKind, expected: ContainerKind): DecoupleError {
  return new DecoupleError(
    'wrong-kind',
    `${path} is a ${kind}; this needs a ${expected}.`,
    expected === 'recording'
      ? 'Give the recording itself: a relog has already been made from one.'
      : 'Make a relog of it first: decouple relog FILE -o FILE.relog.',
  );
}
