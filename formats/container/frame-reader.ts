/**
 * Reads a container frame by frame, with memory bounded by one frame, checking everything before it is handed out: a
 * file or a pipe from front to back, or a file from any of its frames on.
 */
import { createHash, type Hash } from 'node:crypto';
import { decode } from '../cbor.js';
import { record } from '../shape.js';
import { crc32 } from '../checksum.js';
import { DecoupleError } from '../errors.js';
import { decompress } from '../zstd.js';
import { findFrames, INDEX_PLACE_BYTES } from './find-frames.js';
import type { FrameTable } from './frame-table.js';
import { columnsCrc, columnsOf, IndexBuilder } from './index-frame.js';
import {
  CODEC_STORED,
  CODEC_ZSTD,
  damaged,
  decodeFrameHeader,
  decodePreamble,
  END_FRAME,
  FRAME_HEADER_BYTES,
  INDEX_FRAME,
  MINOR_VERSION,
  PREAMBLE_BYTES,
  type ContainerKind,
  type FrameHeader,
  type Version,
} from './layout.js';
import { inputName, openSource, type ByteSource } from './source.js';
import type { EndRecord } from './frame-writer.js';

export interface Frame {
  kind: number;
  reach: bigint;
  payload: Uint8Array;
  /** Bytes the frame takes in the file. */
  fileBytes: number;
  /** Bytes of the payload when it is unpacked. */
  rawBytes: number;
  /** How the payload is stored: one of CODEC_…. */
  codec: number;
}

/** An end says little: more than this is none of ours. */
const MAX_END_BYTES = 1 << 20;

const NOT_UNPACKED = new Uint8Array(0);

export class FrameReader {
  /** What messages call the input. */
  readonly path: string;
  readonly kind: ContainerKind;
  readonly version: Version;
  /** Set when the end frame has been read. */
  end: EndRecord | null = null;
  /** The file stops in the middle of a frame or without an end frame. Known after the last frame. */
  cutOff = false;
  offset = PREAMBLE_BYTES;
  protected readonly source: ByteSource;
  /** Over all that was read; null once it was not read from front to back. */
  private whole: { hash: Hash; index: IndexBuilder; indexCrcs: number[] } | null;
  private indexAt: number | null = null;
  private indexFrames = 0;
  protected sequence = 0;
  private previousHeaderCrc = 0;
  private table: FrameTable | null = null;
  private closed = false;

  /**
   * @param path of a file or a named pipe; `-` is standard input
   * @throws DecoupleError file-missing, file-unreadable, not-decouple, damaged, version-too-new, wrong-kind
   */
  constructor(path: string, expected?: ContainerKind) {
    this.path = inputName(path);
    this.source = openSource(path);
    const indexCrcs: number[] = [];
    const index = new IndexBuilder((columns) => indexCrcs.push(columnsCrc(columns)));
    this.whole = { hash: createHash('sha256'), index, indexCrcs };
    try {
      const preamble = this.source.read(0, PREAMBLE_BYTES);
      ({ kind: this.kind, version: this.version } = decodePreamble(preamble, this.path));
      this.whole.hash.update(preamble);
      if (expected !== undefined && this.kind !== expected) throw wrongKind(this.path, this.kind, expected);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Bytes of the file; of a pipe, those read so far. */
  get size(): number {
    return this.source.size ?? this.offset;
  }

  /**
   * The next frame, or null after the last one (index and end are not handed out: see `frames` and `end`).
   * @param wants says by its header whether a frame is to be unpacked; the payload of others is empty, though what is
   * in the file is checked all the same
   * @throws DecoupleError damaged
   */
  next(wants: (header: FrameHeader) => boolean = () => true): Frame | null {
    for (;;) {
      if (this.end !== null || this.cutOff) return null;
      const frame = this.read(wants);
      if (frame === null || (frame.kind !== INDEX_FRAME && frame.kind !== END_FRAME)) return frame;
      // Of version 1, that kind was never given away.
      if (frame.kind === INDEX_FRAME && this.version.major === 1) return frame;
    }
  }

  /** All frames to the end. */
  *[Symbol.iterator](): Generator<Frame> {
    for (let frame = this.next(); frame !== null; frame = this.next()) yield frame;
  }

  /**
   * Where the frames are, without unpacking them: from the index, or, when there is none (version 1, or cut off), from
   * the header of each. What follows is not changed by it.
   * @throws DecoupleError damaged; usage when the input is a pipe
   */
  frames(): FrameTable {
    this.table ??= findFrames(this.source, this.path, this.version);
    return this.table;
  }

  /**
   * Goes to a frame, so that `next` gives it. From then on, the digest of the whole file is not checked any more, as not
   * all of it is read; frames are, each by its own checksums.
   * @param number from 0 to the number of frames, which is the end
   * @throws DecoupleError damaged; usage when the input is a pipe
   */
  seek(number: number): void {
    const frames = this.frames();
    const last = number === 0 ? null : frames.at(number - 1);
    this.offset = last === null ? PREAMBLE_BYTES : last.offset + last.fileBytes;
    this.previousHeaderCrc = last?.headerCrc ?? 0;
    this.sequence = number;
    this.whole = null;
    this.indexAt = null;
    this.end = null;
    this.cutOff = false;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.source.close();
  }

  private read(wants: (header: FrameHeader) => boolean): Frame | null {
    const headerBytes = this.source.read(this.offset, FRAME_HEADER_BYTES);
    if (headerBytes.length < FRAME_HEADER_BYTES) return this.stopShort();
    const header = decodeFrameHeader(headerBytes, this.previousHeaderCrc, this.sequence, this.path);
    const fileBytes = FRAME_HEADER_BYTES + header.storedLength;
    if (this.source.size !== null && this.source.size - this.offset < fileBytes) return this.stopShort();
    const stored = this.source.read(this.offset + FRAME_HEADER_BYTES, header.storedLength);
    if (stored.length < header.storedLength) return this.stopShort();
    if (crc32(stored) !== header.payloadCrc) throw damaged(this.path, `frame ${this.sequence} is not intact`);
    const { kind, reach, codec, headerCrc, rawLength: rawBytes } = header;
    const isIndex = kind === INDEX_FRAME && this.version.major > 1;
    // The first frame is the header, which says where the contents of others are.
    const wanted = this.sequence === 0 || isIndex || kind === END_FRAME || wants(header);
    const payload = wanted ? this.unpack(stored, codec, rawBytes) : NOT_UNPACKED;
    if (kind === END_FRAME) this.finish(payload, fileBytes);
    else {
      if (isIndex) this.checkIndex(payload);
      else if (this.indexAt !== null) throw damaged(this.path, 'there are frames behind its index');
      else this.whole?.index.add({ kind, fileBytes, reach, headerCrc });
      this.whole?.hash.update(headerBytes).update(stored);
    }
    this.offset += fileBytes;
    this.previousHeaderCrc = headerCrc;
    this.sequence++;
    return { kind, reach, payload, fileBytes, rawBytes, codec };
  }

  /** @throws DecoupleError damaged */
  protected unpack(stored: Buffer, codec: number, rawLength: number): Uint8Array {
    if (codec === CODEC_STORED && stored.length === rawLength) return stored;
    if (codec !== CODEC_ZSTD) throw damaged(this.path, `frame ${this.sequence} has an impossible header`);
    try {
      return decompress(stored, rawLength);
    } catch (error) {
      throw damaged(this.path, `frame ${this.sequence} cannot be unpacked`, error);
    }
  }

  /** What the index says must be what was read; a later version of it may say more. */
  private checkIndex(payload: Uint8Array): void {
    const isFirst = this.indexAt === null;
    this.indexAt ??= this.offset;
    if (this.whole === null) return;
    if (isFirst) this.whole.index.end();
    let crc: number;
    try {
      crc = columnsCrc(columnsOf(decode(payload)));
    } catch (error) {
      throw damaged(this.path, 'its index cannot be decoded', error);
    }
    const known = this.version.minor <= MINOR_VERSION;
    if (known && crc !== this.whole.indexCrcs[this.indexFrames]) {
      throw damaged(this.path, 'its index does not match its frames');
    }
    this.indexFrames++;
  }

  private finish(payload: Uint8Array, fileBytes: number): void {
    if (payload.length > MAX_END_BYTES) throw damaged(this.path, 'its end is too long');
    let end: Record<string, unknown>;
    let outcome: Record<string, unknown>;
    try {
      end = record(decode(payload), 'the end');
      outcome = record(end.outcome ?? {}, 'the outcome');
    } catch (error) {
      throw damaged(this.path, 'its end cannot be decoded', error);
    }
    const { sha256, index } = end;
    if (this.whole !== null && this.indexAt !== placeOf(index))
      throw damaged(this.path, 'its index is not where it should be');
    const digest = this.whole?.hash.copy().digest() ?? null;
    if (!(sha256 instanceof Uint8Array) || (digest !== null && Buffer.compare(sha256, digest) !== 0)) {
      throw damaged(this.path, 'its digest does not match its contents');
    }
    const endsHere =
      this.source.size === null
        ? this.source.read(this.offset + fileBytes, 1).length === 0
        : this.offset + fileBytes === this.source.size;
    if (!endsHere) throw damaged(this.path, 'there are bytes after its end');
    this.end = { sha256, outcome };
  }

  private stopShort(): null {
    this.cutOff = true;
    return null;
  }
}

/** Where the end says that the index begins. */
function placeOf(index: unknown): number | null {
  if (!(index instanceof Uint8Array) || index.length !== INDEX_PLACE_BYTES) return null;
  return Number(Buffer.from(index).readBigUInt64LE());
}

function wrongKind(path: string, kind: ContainerKind, expected: ContainerKind): DecoupleError {
  return new DecoupleError(
    'wrong-kind',
    `${path} is a ${kind}; this needs a ${expected}.`,
    expected !== 'relog'
      ? `Give the ${expected} itself${kind === 'relog' ? ': a relog has already been made from one' : ''}.`
      : 'Make a relog of it first: decouple relog FILE -o FILE.relog.',
  );
}
