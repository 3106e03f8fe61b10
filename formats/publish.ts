/** How a file that was written beside its place gets its name: whole, or not at all. */
import { existsSync, linkSync, renameSync, unlinkSync } from 'node:fs';
import { outputExists } from './errors.js';

export function temporaryPath(path: string): string {
  return `${path}.${process.pid}.part`;
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
