/** The one way to open a file that a user, or another file, names: it is a file, and no more of it is read than is meant to be. */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { DecoupleError, inputError } from './errors.js';

export interface InputFile {
  /** The caller closes it. */
  fd: number;
  stats: Stats;
}

/**
 * Opens a regular file. (What else there is by that name could keep the process waiting, or never end.)
 * @throws DecoupleError file-missing, file-unreadable
 */
export function openInput(path: string): InputFile {
  let fd: number;
  try {
    // A pipe that nobody writes to would not be opened before somebody does.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    throw inputError(path, error);
  }
  const stats = fstatSync(fd);
  if (stats.isFile()) return { fd, stats };
  closeSync(fd);
  throw notAFile(path, stats);
}

/**
 * The whole of a file.
 * @param limit bytes that it may have
 * @throws DecoupleError file-missing, file-unreadable
 */
export function readInput(path: string, limit: number): Buffer {
  const { fd, stats } = openInput(path);
  try {
    if (stats.size > limit) throw tooLarge(path, limit);
    // Files of the system say that they have no bytes, and have some.
    const pieces: Buffer[] = [];
    let total = 0;
    for (;;) {
      const piece = Buffer.allocUnsafe(Math.max(SMALLEST_PIECE, Math.min(stats.size - total, limit) + 1));
      const got = readSync(fd, piece, 0, piece.length, null);
      if (got === 0) return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
      total += got;
      if (total > limit) throw tooLarge(path, limit);
      pieces.push(piece.subarray(0, got));
    }
  } catch (error) {
    throw inputError(path, error);
  } finally {
    closeSync(fd);
  }
}

const SMALLEST_PIECE = 4096;

/** What something that is no regular file is, in a sentence about its path. */
export function kindOfFile(stats: Stats): string {
  if (stats.isDirectory()) return 'folder';
  return stats.isFIFO() ? 'pipe' : stats.isSocket() ? 'socket' : 'device';
}

function notAFile(path: string, stats: Stats): DecoupleError {
  const what = `${path} cannot be read: it is a ${kindOfFile(stats)}, not a file.`;
  return new DecoupleError('file-unreadable', what, 'Give the path of a file.');
}

function tooLarge(path: string, limit: number): DecoupleError {
  const what = `${path} cannot be read: it has more than ${limit} bytes, which is more than such a file has.`;
  return new DecoupleError('file-unreadable', what, 'Check that it is the file that you mean.');
}
