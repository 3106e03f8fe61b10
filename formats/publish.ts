/** How a file that was written beside its place gets its name: whole, or not at all. */
import { randomBytes } from 'node:crypto';
import { constants, existsSync, linkSync, mkdirSync, openSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { DecoupleError, outputError, outputExists } from './errors.js';
import { kindOfFile } from './input-file.js';
import { processId } from './processes.js';

const RANDOM_BYTES = 6;

/** A name that nobody can know before, so that nobody can put something there. It ends with the process that writes it. */
export function temporaryPath(path: string): string {
  return `${path}.${randomBytes(RANDOM_BYTES).toString('hex')}.${processId()}.part`;
}

/**
 * Opens a file that is not there yet, for writing; no link is followed.
 * @throws errors of the system
 */
export function createFile(path: string, mode = 0o644): number {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  return openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
}

/**
 * Opens a file that was made for the writer, and is empty.
 * @throws errors of the system
 */
export function openClaimed(path: string): number {
  return openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW);
}

/**
 * Whether a file may be written here: nothing is there, or with `force` a file that it replaces. A device, a pipe or a folder
 * is never replaced.
 * @throws DecoupleError output-exists, write-failed
 */
export function checkOutput(path: string, force: boolean): void {
  let stats;
  try {
    stats = statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw outputError(path, error);
  }
  if (stats === undefined) return;
  if (!stats.isFile()) {
    const what = `${path} is no file: it is a ${kindOfFile(stats)}, which is not replaced.`;
    throw new DecoupleError('write-failed', what, 'Give the name of a file.');
  }
  if (!force) throw outputExists(path);
}

/**
 * Gives files of a folder their names in another, where there are others.
 * @throws DecoupleError output-exists, write-failed; errors of the system
 */
export function publishAll(files: readonly { from: string; to: string }[], force: boolean): void {
  for (const { to } of files) checkOutput(to, force);
  for (const { from, to } of files) {
    mkdirSync(dirname(to), { recursive: true });
    renameSync(from, to);
  }
}

/**
 * Without `force`, link() refuses to replace a file that appeared meanwhile, which rename() would not; some file
 * systems have no links.
 * @throws DecoupleError output-exists; errors of the system
 */
export function publish(temporary: string, path: string, force: boolean): void {
  if (force) return renameSync(temporary, path);
  try {
    linkSync(temporary, path);
  } catch (error) {
    if (existsSync(path)) throw outputExists(path, error);
    return renameSync(temporary, path);
  }
  unlinkSync(temporary);
}
