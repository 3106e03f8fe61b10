/** Small outputs, written to a temporary name beside their own and renamed: there whole, or not at all. */
import { existsSync, linkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { outputError, outputExists } from '../formats/errors.js';

/** @throws DecoupleError output-exists, write-failed */
export function writeWhole(path: string, data: Uint8Array | string, force: boolean): void {
  if (!force && existsSync(path)) throw outputExists(path);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, data, { flag: 'wx' });
    if (force) renameSync(temporary, path);
    // A link fails where a file has come up meanwhile.
    else linkSync(temporary, path);
  } catch (error) {
    throw outputError(path, error);
  } finally {
    rmSync(temporary, { force: true });
  }
}
