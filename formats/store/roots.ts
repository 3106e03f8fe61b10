/** Roots: which files were written against a store, and which lists of objects each needs. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readInput } from '../input-file.js';
import { syncFolder, writeDurably, type StoreFolder } from './folder.js';
import { HASH_BYTES } from './pack.js';

/** 32 bytes for each list, in base 64: a file of some ten thousand contents. */
const ROOT_BYTES = 64 << 20;

export interface Root {
  /** Of its own file in the store. */
  place: string;
  /** Of the file that needs the objects; absolute. */
  path: string;
  lists: Buffer[];
  /** When it was last written, milliseconds since 1970. */
  written: number;
}

/** Says, in place of what was said before, what the file at a path needs. */
export function writeRoot(folder: StoreFolder, path: string, lists: readonly Buffer[]): void {
  const absolute = resolve(path);
  const name = createHash('sha256').update(absolute).digest('hex').slice(0, 32);
  const text = JSON.stringify({ path: absolute, lists: Buffer.concat(lists).toString('base64') });
  writeDurably(join(folder.folder('roots', true), `${name}.json`), `${text}\n`, true);
  syncFolder(folder.folder('roots'));
}

/** All roots; `unreadable` are the files of those that say nothing. */
export function readRoots(folder: StoreFolder): { roots: Root[]; unreadable: string[] } {
  const places = folder.folder('roots');
  const roots: Root[] = [];
  const unreadable: string[] = [];
  for (const name of existsSync(places) ? readdirSync(places).sort() : []) {
    if (!name.endsWith('.json')) continue;
    const place = join(places, name);
    try {
      const { path, lists } = JSON.parse(readInput(place, ROOT_BYTES).toString('utf8')) as {
        path: string;
        lists: string;
      };
      const all = Buffer.from(lists, 'base64');
      if (typeof path !== 'string' || all.length % HASH_BYTES !== 0) throw new Error('it is not complete');
      const names = Array.from({ length: all.length / HASH_BYTES }, (_, i) =>
        all.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES),
      );
      roots.push({ place, path, lists: names, written: statSync(place).mtimeMs });
    } catch {
      unreadable.push(place);
    }
  }
  return { roots, unreadable };
}
