/** What is in a store, and whether all of it is intact. */
import { FrameReader } from '../container/frame-reader.js';
import { DecoupleError } from '../errors.js';
import { knownRoots, listsOf, needsOf } from './needs.js';
import type { PackReader } from './pack.js';
import { keyOf } from './pack.js';
import { Store } from './store.js';

export interface StoreStats {
  store: string;
  id: string;
  packs: number;
  /** On the disk. */
  bytes: number;
  objects: number;
  /** Bytes of objects, unpacked. */
  contents: number;
  /** Objects that no root needs. */
  unneeded: number;
  roots: { path: string; state: 'there' | 'gone' }[];
}

/** @throws DecoupleError store-…, damaged */
export function storeStats(path: string): StoreStats {
  const store = Store.open(path);
  try {
    const packs = store.all();
    const { roots } = knownRoots(store);
    const { objects: needed } = needsOf(
      store,
      roots.flatMap(({ lists }) => lists),
    );
    let [objects, contents, unneeded] = [0, 0, 0];
    for (const pack of packs) {
      objects += pack.objects;
      for (let i = 0; i < pack.objects; i++) {
        const { name, length } = pack.at(i);
        contents += length;
        if (!needed.has(keyOf(name))) unneeded++;
      }
    }
    return {
      store: store.folder.path,
      id: store.folder.id,
      packs: packs.length,
      bytes: packs.reduce((all, { bytes }) => all + bytes, 0),
      ...{ objects, contents, unneeded },
      roots: roots.map(({ path, state }) => ({ path, state })),
    };
  } finally {
    store.close();
  }
}

export interface StoreCheck {
  objects: number;
  packs: number;
  /** Objects that files need and the store lacks (hex), by file. */
  missing: { file: string; objects: string[] }[];
}

/**
 * Reads every pack from front to back and every object in it, and follows every root.
 * @param files that need objects, beside those that the store knows
 * @throws DecoupleError damaged, store-…; what reading the files throws
 */
export function verifyStore(path: string, files: readonly string[]): StoreCheck {
  const store = Store.open(path);
  try {
    for (const pack of store.all()) verifyPack(pack);
    const { roots } = knownRoots(store);
    const needing = [...roots, ...files.map((file) => ({ path: file, lists: listsOf(file) }))];
    const missing = needing
      .map(({ path: file, lists }) => ({ file, objects: needsOf(store, lists).missing }))
      .filter(({ objects }) => objects.length > 0);
    const objects = store.all().reduce((all, pack) => all + pack.objects, 0);
    return { objects, packs: store.all().length, missing };
  } finally {
    store.close();
  }
}

function verifyPack(pack: PackReader): void {
  const whole = new FrameReader(pack.path, 'pack');
  try {
    while (whole.next() !== null) continue;
    if (whole.end === null) {
      throw new DecoupleError('damaged', `${pack.path} is cut off.`, 'Take it from a copy of the store.');
    }
  } finally {
    whole.close();
  }
  const order = Array.from({ length: pack.objects }, (_, i) => ({ i, ...pack.at(i) }));
  order.sort((a, b) => a.group - b.group || a.offset - b.offset);
  for (const { i, name } of order) {
    if (pack.find(name) !== i) {
      throw new DecoupleError(
        'damaged',
        `${pack.path} is damaged: its directory is not in order.`,
        'Take it from a copy.',
      );
    }
    pack.read(i);
  }
}
