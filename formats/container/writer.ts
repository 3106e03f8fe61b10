/**
 * Writes a container frame by frame. Whatever moment the process dies at, what is on disk is a valid prefix.
 *
 * With `temporary`, the file appears under its own name only when it is finished; without, it grows in place
 * (a recording that must survive its writer).
 */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { encode } from '../cbor.js';
import { crc32 } from '../checksum.js';
import { DecoupleError, outputError, outputExists } from '../errors.js';
import { publish, temporaryPath } from '../publish.js';
import { compress } from '../zstd.js';
import {
  CODEC_STORED,
  CODEC_ZSTD,
  encodeFrameHeader,
  encodePreamble,
  END_FRAME,
  MAX_PAYLOAD_BYTES,
  type ContainerKind,
} from './layout.js';

export interface WriterOptions {
  path: string;
  kind: ContainerKind;
  /** Write to a temporary name beside `path` and rename at the end. */
  temporary: boolean;
  /** Replace a file that is already there. */
  force: boolean;
}

/** What the `end` frame says. `sha256` is over all bytes of the file before the end frame. */
export interface EndRecord {
  sha256: Uint8Array;
  outcome: Record<string, unknown>;
}

export class ContainerWriter {
  readonly path: string;
  bytes = 0;
  private readonly writePath: string;
  private readonly force: boolean;
  private readonly hash: Hash = createHash('sha256');
  private fd: number | null;
  private sequence = 0;
  private previousHeaderCrc = 0;

  /** @throws DecoupleError output-exists, write-failed */
  constructor(options: WriterOptions) {
    this.path = options.path;
    this.force = options.force;
    if (!options.force && existsSync(options.path)) throw outputExists(options.path);
    this.writePath = options.temporary ? temporaryPath(options.path) : options.path;
    try {
      this.fd = openSync(this.writePath, options.temporary || options.force ? 'w' : 'wx', 0o644);
    } catch (error) {
      throw outputError(options.path, error);
    }
    this.put(encodePreamble(options.kind));
  }

  /**
   * Appends one frame; it is in the file when this returns.
   * @param payload at most 64 MiB
   * @param reach position or step that the frame reaches
   * @returns bytes written
   */
  frame(kind: number, payload: Uint8Array, reach: bigint, level = 3): number {
    if (payload.length > MAX_PAYLOAD_BYTES) throw new RangeError(`frame of ${payload.length} bytes`);
    const packed = payload.length > 64 && level > 0 ? compress(payload, level) : payload;
    const useful = packed.length < payload.length;
    const stored = useful ? packed : payload;
    const header = encodeFrameHeader(
      {
        kind,
        codec: useful ? CODEC_ZSTD : CODEC_STORED,
        storedLength: stored.length,
        rawLength: payload.length,
        sequence: this.sequence++,
        reach,
        payloadCrc: crc32(stored),
      },
      this.previousHeaderCrc,
    );
    this.previousHeaderCrc = header.readUInt32LE(28);
    const before = this.bytes;
    this.put(Buffer.concat([header, stored]));
    return this.bytes - before;
  }

  /** Writes the end frame and gives the file its name. */
  finish(outcome: Record<string, unknown>, reach: bigint): void {
    const record: EndRecord = { sha256: this.hash.copy().digest(), outcome };
    this.frame(END_FRAME, encode(record), reach, 0);
    if (this.fd === null) return;
    try {
      fsyncSync(this.fd);
      closeSync(this.fd);
      this.fd = null;
      if (this.writePath !== this.path) publish(this.writePath, this.path, this.force);
    } catch (error) {
      if (error instanceof DecoupleError) throw error;
      throw outputError(this.path, error);
    }
  }

  /** Closes the file as it is (in place) or removes it (temporary). Safe to call at any time, also twice. */
  abandon(): void {
    if (this.fd === null) return;
    closeSync(this.fd);
    this.fd = null;
    if (this.writePath !== this.path) unlinkSync(this.writePath);
  }

  private put(bytes: Uint8Array): void {
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
