/** What is needed of a store: by its roots, and by files that are named. */
import { CODEC_STORE } from '../container/layout.js';
import { FrameReader } from '../container/frame-reader.js';
import { DecoupleError } from '../errors.js';
import { HASH_BYTES, keyOf } from './pack.js';
import { readRoots, type Root } from './roots.js';
import type { Store } from './store.js';

/** A reader that hands out the names of lists instead of what they stand for. */
class ListReader extends FrameReader {
  protected override unpack(stored: Buffer, codec: number, rawLength: number): Uint8Array {
    return codec === CODEC_STORE ? stored : super.unpack(stored, codec, rawLength);
  }
}

/** Names of the lists that a file has in the place of contents. @throws DecoupleError what reading a container throws */
export function listsOf(path: string): Buffer[] {
  const reader = new ListReader(path);
  try {
    const lists: Buffer[] = [];
    for (const frame of reader) {
      if (frame.codec === CODEC_STORE && frame.payload.length === HASH_BYTES) lists.push(Buffer.from(frame.payload));
    }
    return lists;
  } finally {
    reader.close();
  }
}

export type RootState = 'there' | 'gone';

export interface KnownRoot extends Root {
  /** Gone: there is no such file, or it is none of ours any more; then it needs what it said. */
  state: RootState;
}

export function knownRoots(store: Store): { roots: KnownRoot[]; unreadable: string[] } {
  const { roots, unreadable } = readRoots(store.folder);
  return { unreadable, roots: roots.map((root) => ({ ...root, ...lookAt(root) })) };
}

function lookAt({ path, lists }: Root): Pick<KnownRoot, 'state' | 'lists'> {
  try {
    return { state: 'there', lists: listsOf(path) };
  } catch (error) {
    if (!(error instanceof DecoupleError)) throw error;
    return { state: 'gone', lists };
  }
}

export interface Needs {
  /** Names of all objects needed, lists included, as keys. */
  objects: Set<string>;
  /** Of those, the ones that are not there (hex). */
  missing: string[];
}

/** Follows lists to their objects. @throws DecoupleError damaged */
export function needsOf(store: Store, lists: Iterable<Uint8Array>): Needs {
  const objects = new Set<string>();
  const missing = new Set<string>();
  for (const list of lists) {
    if (objects.has(keyOf(list))) continue;
    objects.add(keyOf(list));
    const found = store.get(list);
    if (found === null) {
      missing.add(Buffer.from(list).toString('hex'));
      continue;
    }
    const names = Buffer.from(found);
    for (let at = 0; at + HASH_BYTES <= names.length; at += HASH_BYTES) {
      const name = names.subarray(at, at + HASH_BYTES);
      const key = keyOf(name);
      if (!objects.has(key) && !store.has(name)) missing.add(name.toString('hex'));
      objects.add(key);
    }
  }
  return { objects, missing: [...missing] };
}
