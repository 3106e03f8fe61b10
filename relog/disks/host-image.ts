/** A disk image on this machine: read in blocks, never written, watched for changes by whoever else has it. */
import {
  closeSync,
  createReadStream,
  fstatSync,
  readSync,
  statSync,
  type BigIntStats,
  type ReadStream,
  type Stats,
} from 'node:fs';
import type { DiskSource } from '../../engines/v86/index.js';
import { DecoupleError, inputError } from '../../formats/errors.js';
import { openInput } from '../../formats/input-file.js';

const BLOCK_BYTES = 64 << 10;
/** 8 MiB: enough for what file systems read twice in short order. */
const CACHED_BLOCKS = 128;

/** What tells a file's content apart without reading it. */
export interface FileStamp {
  size: number;
  /** Nanoseconds since 1970, decimal. */
  modified: string;
}

export class HostImage implements DiskSource {
  readonly size: number;
  private readonly fd: number;
  private stamp: FileStamp;
  private left: number;
  private readonly blocks = new Map<number, Uint8Array>();

  /**
   * @param strict a change is an error (`disk-differs`); otherwise what can still be read becomes less
   * @throws DecoupleError file-missing, file-unreadable
   */
  constructor(
    readonly path: string,
    private readonly strict: boolean,
  ) {
    this.fd = openInput(path).fd;
    this.stamp = this.look();
    this.size = this.left = this.stamp.size;
  }

  /** What the file was when it was opened, or when it was last seen to change. */
  get seen(): FileStamp {
    return this.stamp;
  }

  readable(): number {
    const now = this.look();
    if (now.size === this.stamp.size && now.modified === this.stamp.modified) return this.left;
    if (this.strict) throw imageChanged(this.path);
    // A file that got shorter was cut; one that changed otherwise may hold anything.
    this.left = now.size < this.stamp.size ? Math.min(this.left, now.size) : 0;
    this.stamp = now;
    return this.left;
  }

  /** Whole blocks are read ahead and kept. */
  read(offset: number, length: number): Uint8Array | null {
    if (offset + length > this.left) return null;
    const result = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const index = Math.floor((offset + done) / BLOCK_BYTES);
      const block = this.block(index);
      if (block === null) return null;
      const part = block.subarray(offset + done - index * BLOCK_BYTES).subarray(0, length - done);
      if (part.length === 0) return null;
      result.set(part, done);
      done += part.length;
    }
    return result;
  }

  /** All of it, from front to back. */
  stream(): ReadStream {
    return createReadStream(this.path, { fd: this.fd, start: 0, autoClose: false });
  }

  close(): void {
    closeSync(this.fd);
  }

  private look(): FileStamp {
    const stats: BigIntStats = fstatSync(this.fd, { bigint: true });
    return stampOf(stats);
  }

  private block(index: number): Uint8Array | null {
    let block = this.blocks.get(index);
    if (block !== undefined) {
      this.blocks.delete(index);
    } else {
      block = this.fetch(index * BLOCK_BYTES);
      // The file may have changed while it was read: then this is not what was recorded.
      const now = this.look();
      if (now.size !== this.stamp.size || now.modified !== this.stamp.modified) return null;
      if (this.blocks.size >= CACHED_BLOCKS) this.blocks.delete(this.blocks.keys().next().value!);
    }
    this.blocks.set(index, block);
    return block;
  }

  private fetch(offset: number): Uint8Array {
    const block = Buffer.alloc(Math.max(0, Math.min(BLOCK_BYTES, this.size - offset)));
    let done = 0;
    try {
      while (done < block.length) {
        const count = readSync(this.fd, block, done, block.length - done, offset + done);
        if (count === 0) break;
        done += count;
      }
    } catch (error) {
      if (this.strict) throw inputError(this.path, error);
    }
    return block.subarray(0, done);
  }
}

/**
 * Looks at an image by a path that may come from a file, and be anything.
 * @returns null when it is not there
 * @throws DecoupleError file-unreadable
 */
export function lookAt(path: string): Stats | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null;
  } catch (error) {
    throw inputError(path, error);
  }
}

export function stampOf(stats: BigIntStats): FileStamp {
  return { size: Number(stats.size), modified: stats.mtimeNs.toString() };
}

function imageChanged(path: string): DecoupleError {
  return new DecoupleError(
    'disk-differs',
    `${path} was changed while it was in use.`,
    'Leave disk images alone while they are in use, and run this again.',
  );
}
