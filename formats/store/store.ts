/** The objects of a store, for readers: byte strings by their SHA-256, from whatever pack has them. */
import { existsSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { DecoupleError, hasSystemCode } from '../errors.js';
import { StoreFolder } from './folder.js';
import { HASH_BYTES, PackReader } from './pack.js';

export const PACK_SUFFIX = '.dcp';

export class Store {
  private readonly packs = new Map<string, PackReader>();
  /** Packs whose time says that a writer of ours relies on them. */
  private readonly touched = new Set<string>();

  private constructor(readonly folder: StoreFolder) {}

  /** @throws DecoupleError store-missing, store-invalid, version-too-new, damaged */
  static open(path: string): Store {
    return new Store(StoreFolder.open(path)).refresh();
  }

  static of(folder: StoreFolder): Store {
    return new Store(folder).refresh();
  }

  /**
   * The bytes of an object, or null when it is not there. Valid until the next call.
   * @throws DecoupleError damaged
   */
  get(name: Uint8Array): Uint8Array | null {
    // A pack may have been merged into another meanwhile.
    return this.lookUp(name) ?? this.refresh().lookUp(name);
  }

  has(name: Uint8Array): boolean {
    return [...this.packs.values()].some((pack) => pack.find(name) >= 0);
  }

  /**
   * Whether a writer may say that it needs the object without writing it: its pack is marked as used just now, and stays.
   */
  rely(name: Uint8Array): boolean {
    for (const [path, pack] of this.packs) {
      if (pack.find(name) < 0 || !path.startsWith(this.folder.folder('packs'))) continue;
      if (this.touched.has(path)) return true;
      try {
        const now = new Date();
        utimesSync(path, now, now);
        this.touched.add(path);
        return true;
      } catch (error) {
        if (!hasSystemCode(error, 'ENOENT')) throw error;
        pack.close();
        this.packs.delete(path);
      }
    }
    return false;
  }

  /** Looks for packs that came or went. */
  refresh(): this {
    // Also those that a collector put aside, as long as they are there.
    const paths = (['packs', 'gone'] as const).flatMap((name) => packsIn(this.folder.folder(name)));
    for (const [path, pack] of this.packs) {
      if (paths.includes(path)) continue;
      pack.close();
      this.packs.delete(path);
    }
    for (const path of paths) {
      if (this.packs.has(path)) continue;
      try {
        this.packs.set(path, new PackReader(path));
      } catch (error) {
        if (!(error instanceof DecoupleError) || error.code !== 'file-missing') throw error;
      }
    }
    return this;
  }

  all(): PackReader[] {
    return [...this.packs.values()];
  }

  close(): void {
    for (const pack of this.packs.values()) pack.close();
    this.packs.clear();
  }

  private lookUp(name: Uint8Array): Uint8Array | null {
    if (name.length !== HASH_BYTES) return null;
    for (const pack of this.packs.values()) {
      const index = pack.find(name);
      if (index >= 0) return pack.read(index);
    }
    return null;
  }
}

function packsIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(PACK_SUFFIX));
  return names.sort().map((name) => join(folder, name));
}
