/** Where the bytes of a container come from: a file, read at any place, or a pipe, read once from front to back. */
import { closeSync, fstatSync, readSync } from 'node:fs';
import { DecoupleError, hasSystemCode, inputError } from '../errors.js';
import { openInput, type InputFile } from '../input-file.js';
import { damaged } from './layout.js';

/** The name of standard input on the command line, and the file that is the same. */
export const STANDARD_INPUT = '-';
export const STANDARD_INPUT_FILE = '/dev/stdin';
const RETRY_MS = 2;
/** Taken at once before it is known that there is as much: a hostile length costs no more than this. */
const PIECE_BYTES = 1 << 20;

export interface ByteSource {
  /** Bytes in all; null when only the end of them will tell. */
  readonly size: number | null;
  /**
   * As many bytes as there are, up to `length`.
   * @param offset of a pipe: where the last read ended
   */
  read(offset: number, length: number): Buffer;
  close(): void;
}

export function isStandardInput(path: string): boolean {
  return path === STANDARD_INPUT || path === STANDARD_INPUT_FILE;
}

/** What to call an input in messages. */
export function inputName(path: string): string {
  return isStandardInput(path) ? 'standard input' : path;
}

/**
 * For what reads its input more than once.
 * @throws DecoupleError usage
 */
export function refuseStandardInput(path: string): void {
  if (isStandardInput(path)) throw readOnce(inputName(path));
}

export function readOnce(name: string): DecoupleError {
  return new DecoupleError(
    'usage',
    `${name} can only be read once, from front to back.`,
    'Put it into a file first, and give that.',
  );
}

/**
 * Opens a file, or standard input for `-`.
 * @throws DecoupleError file-missing, file-unreadable
 */
export function openSource(path: string): ByteSource {
  // A file that is open already, by its number: a socket, which standard input often is, cannot be opened by name.
  const given = isStandardInput(path) ? '0' : OPEN_FILE.exec(path)?.[1];
  const { fd, stats } = given === undefined ? openInput(path) : lookAtOpen(path, Number(given));
  return stats.isFile() ? new File(fd, stats.size, path) : new Pipe(fd);
}

/** How a shell names the end of a pipe. */
const OPEN_FILE = /^\/(?:dev|proc\/self)\/fd\/(\d+)$/;

function lookAtOpen(path: string, fd: number): InputFile {
  try {
    return { fd, stats: fstatSync(fd) };
  } catch (error) {
    throw inputError(path, error);
  }
}

class File implements ByteSource {
  constructor(
    private readonly fd: number,
    readonly size: number,
    private readonly path: string,
  ) {}

  read(offset: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, this.size - offset)));
    let done = 0;
    try {
      for (let got = -1; done < bytes.length && got !== 0; done += got) {
        got = readSync(this.fd, bytes, done, bytes.length - done, offset + done);
      }
    } catch (error) {
      throw inputError(this.path, error);
    }
    if (done < bytes.length) throw damaged(this.path, 'it became shorter while it was read');
    return bytes;
  }

  close(): void {
    closeSync(this.fd);
  }
}

class Pipe implements ByteSource {
  readonly size = null;

  constructor(private readonly fd: number) {}

  read(_offset: number, length: number): Buffer {
    const pieces: Buffer[] = [];
    for (let left = length; left > 0;) {
      const piece = Buffer.allocUnsafe(Math.min(left, PIECE_BYTES));
      const got = this.some(piece);
      if (got === 0) break;
      pieces.push(piece.subarray(0, got));
      left -= got;
    }
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  }

  close(): void {
    if (this.fd !== 0) closeSync(this.fd);
  }

  /** What there is now; 0 at the end. */
  private some(into: Buffer): number {
    for (;;) {
      try {
        return readSync(this.fd, into, 0, into.length, null);
      } catch (error) {
        if (hasSystemCode(error, 'EOF')) return 0;
        if (!hasSystemCode(error, 'EAGAIN')) throw inputError(inputName(STANDARD_INPUT), error);
        // Whoever gave us the pipe made it one that does not wait.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
      }
    }
  }
}
