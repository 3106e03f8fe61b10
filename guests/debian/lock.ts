/**
 * The pins: which version of each Debian package is used, and the SHA-256 of its file. A package that is no longer
 * offered in the pinned version is replaced by the one on offer (see packages.ts); `npm run update-lock` moves the pins.
 */
import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../paths.js';

export interface Pin {
  /** Package behind the name asked for, when that is a metapackage (`linux-image-686`). */
  package: string;
  version: string;
  /** Of the .deb file, hex. */
  sha256: string;
}

/** `release/architecture` → name asked for → pin. */
export type Lock = Record<string, Record<string, Pin>>;

export const lockPath = (): string => join(projectRoot(), 'guests', 'debian.lock.json');

export function readLock(path = lockPath()): Lock {
  return JSON.parse(readFileSync(path, 'utf8')) as Lock;
}

/** Writes the lock with sorted keys, so that a change of pins is a small diff. */
export async function writeLock(lock: Lock, path = lockPath()): Promise<void> {
  const sorted: Lock = {};
  for (const root of Object.keys(lock).sort()) {
    const entries = Object.entries(lock[root] ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    sorted[root] = Object.fromEntries(entries);
  }
  await writeFile(`${path}.new`, JSON.stringify(sorted, null, 2) + '\n');
  await rename(`${path}.new`, path);
}
