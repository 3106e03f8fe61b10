/** Directories that are complete or not there at all, however a build ends. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasSystemCode } from '../../formats/errors.js';
import { isAlive } from '../../formats/processes.js';

let count = 0;

/** A name beside `target` to prepare it under, another one at each call. */
export const scratchName = (target: string): string => `${target}.part-${process.pid}-${++count}`;

/**
 * Fills a directory under another name and then renames it to `target`.
 *
 * @param isGood asked when another process made `target` meanwhile: its result stays if it is good, as it may be in
 *   use; it is replaced if not
 */
export async function makeDirectory(
  target: string,
  fill: (scratch: string) => Promise<void>,
  isGood: () => Promise<boolean> = () => Promise.resolve(true),
): Promise<void> {
  const scratch = scratchName(target);
  await removeLeftovers(dirname(target));
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true });
  try {
    await fill(scratch);
    try {
      await rename(scratch, target);
    } catch (error) {
      if (!hasSystemCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
      if (await isGood()) return;
      await rm(target, { recursive: true, force: true });
      await rename(scratch, target);
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Removes what processes left behind that were ended in the middle. */
export async function removeLeftovers(directory: string): Promise<void> {
  for (const name of await readdir(directory).catch(() => [])) {
    const pid = /\.part-(\d+)(-\d+)?$/.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    await rm(join(directory, name), { recursive: true, force: true });
  }
}
