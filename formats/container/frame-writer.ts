/**
 * Writes a container frame by frame. Whatever moment the process dies at, what is on disk is a valid prefix.
 *
 * With `temporary`, the file appears under its own name only when it is finished; without, it grows in place
 * (a recording that must survive its writer).
 */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, fsyncSync, rmSync, writeSync } from 'node:fs';
import { encode } from '../cbor.js';
import { crc32 } from '../checksum.js';
import { asOutputError, outputError } from '../errors.js';
import { checkOutput, createFile, openClaimed, publish, temporaryPath } from '../publish.js';
import { compress } from '../zstd.js';
import { INDEX_PLACE_BYTES } from './find-frames.js';
import { IndexBuilder } from './index-frame.js';
import {
  CODEC_STORED,
  CODEC_ZSTD,
  encodeFrameHeader,
  encodePreamble,
  END_FRAME,
  INDEX_FRAME,
  isReserved,
  MAX_PAYLOAD_BYTES,
  USUAL_VERSION,
  type ContainerKind,
} from './layout.js';

export interface WriterOptions {
  path: string;
  kind: ContainerKind;
  /** Write to a temporary name beside `path` and rename at the end. */
  temporary: boolean;
  /** Replace a file that is already there. */
  force: boolean;
  /** The file is there already, made for this writer, with nothing in it. Not with `temporary`. */
  claimed?: boolean | undefined;
  /** Major version; absent: the usual one. A copy has that of what it is a copy of, if that is later. */
  major?: number | undefined;
}

/** What the `end` frame says. `sha256` is over all bytes of the file before the end frame. */
export interface EndRecord {
  sha256: Uint8Array;
  outcome: Record<string, unknown>;
}

export class FrameWriter {
  readonly path: string;
  bytes = 0;
  protected readonly temporary: boolean;
  private readonly writePath: string;
  private readonly force: boolean;
  private readonly hash: Hash = createHash('sha256');
  private fd: number | null;
  private sequence = 0;
  private previousHeaderCrc = 0;
  private readonly indexPayloads: Uint8Array[] = [];
  private readonly index = new IndexBuilder((columns) => this.indexPayloads.push(encode(columns)));

  /** @throws DecoupleError output-exists, write-failed */
  constructor(options: WriterOptions) {
    this.path = options.path;
    this.force = options.force;
    this.temporary = options.temporary;
    const claimed = options.claimed === true;
    if (!claimed) checkOutput(options.path, options.force);
    this.writePath = options.temporary ? temporaryPath(options.path) : options.path;
    try {
      // Another one with this name stays as it is for those who have it open, or know it by a link.
      if (!options.temporary && options.force && !claimed) rmSync(options.path, { force: true });
      this.fd = claimed ? openClaimed(this.writePath) : createFile(this.writePath);
    } catch (error) {
      throw outputError(options.path, error);
    }
    try {
      this.put(encodePreamble(options.kind, Math.max(options.major ?? 0, USUAL_VERSION)));
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  /**
   * Appends one frame; it is in the file when this returns.
   * @param kind 1 to 253; those above are the container's own
   * @param payload at most 64 MiB
   * @param reach position or step that the frame reaches
   * @param level of zstd; 0 stores it as it is
   * @returns bytes written
   */
  frame(kind: number, payload: Uint8Array, reach: bigint, level = 3): number {
    if (isReserved(kind)) throw new RangeError(`frames of kind ${kind} are the container's own`);
    return this.append(kind, payload, reach, level);
  }

  /** Writes index and end frame and gives the file its name. */
  finish(outcome: Record<string, unknown>, reach: bigint): void {
    this.beforeEnd();
    const place = Buffer.alloc(INDEX_PLACE_BYTES);
    place.writeBigUInt64LE(BigInt(this.bytes));
    this.index.end();
    for (const payload of this.indexPayloads) this.append(INDEX_FRAME, payload, reach, 3);
    // The place comes last, in a frame that is never packed: it is the last of the file.
    const record: EndRecord & { index: Uint8Array } = { sha256: this.hash.copy().digest(), outcome, index: place };
    this.append(END_FRAME, encode(record), reach, 0);
    this.publish();
  }

  /** Gives the file its name without an end: a copy of a file that was cut off is cut off itself. */
  finishCutOff(): void {
    this.beforeEnd();
    this.publish();
  }

  /** All frames are there. */
  protected beforeEnd(): void {
    // For those who hold something back.
  }

  private publish(): void {
    if (this.fd === null) return;
    try {
      fsyncSync(this.fd);
      closeSync(this.fd);
      this.fd = null;
      if (this.writePath !== this.path) publish(this.writePath, this.path, this.force);
    } catch (error) {
      if (this.fd === null && this.writePath !== this.path) rmSync(this.writePath, { force: true });
      throw asOutputError(this.path, error);
    }
  }

  private append(kind: number, payload: Uint8Array, reach: bigint, level: number): number {
    if (payload.length > MAX_PAYLOAD_BYTES) throw new RangeError(`frame of ${payload.length} bytes`);
    const packed = payload.length > 64 && level > 0 ? compress(payload, level) : payload;
    const useful = packed.length < payload.length;
    const codec = useful ? CODEC_ZSTD : CODEC_STORED;
    return this.appendStored(kind, codec, useful ? packed : payload, payload.length, reach);
  }

  /** @returns bytes written */
  protected appendStored(kind: number, codec: number, stored: Uint8Array, rawLength: number, reach: bigint): number {
    const sequence = this.sequence++;
    const payloadCrc = crc32(stored);
    const header = encodeFrameHeader(
      { kind, codec, storedLength: stored.length, rawLength, sequence, reach, payloadCrc },
      this.previousHeaderCrc,
    );
    this.previousHeaderCrc = header.readUInt32LE(28);
    const fileBytes = header.length + stored.length;
    if (kind < INDEX_FRAME) this.index.add({ kind, fileBytes, reach, headerCrc: this.previousHeaderCrc });
    this.put(Buffer.concat([header, stored]));
    return fileBytes;
  }

  /** Closes the file as it is (in place) or removes it (temporary). Safe to call at any time, also twice. */
  abandon(): void {
    if (this.fd === null) return;
    closeSync(this.fd);
    this.fd = null;
    if (this.temporary) rmSync(this.writePath, { force: true });
  }

  /** The next bytes of the file. */
  protected put(bytes: Uint8Array): void {
    if (this.fd === null) throw new Error('the container is closed');
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(this.fd, bytes, done);
    } catch (error) {
      throw outputError(this.path, error);
    }
    this.hash.update(bytes);
    this.bytes += bytes.length;
  }
}
