/** Contents of frames that lie in a store: how they are cut into objects, and put together again. */
import { basename, dirname, join, resolve } from 'node:path';
import { decode } from '../cbor.js';
import { damaged } from '../container/layout.js';
import { DecoupleError } from '../errors.js';
import { PAGE_BYTES } from '../pages.js';
import { HASH_BYTES } from './pack.js';
import { Store } from './store.js';

/** What a file's header says of the store it uses. */
export interface StoreHint {
  id: string;
  /** Where it was; only a hint. */
  path: string;
}

/**
 * Where a payload is cut: long byte strings in it into pages from their first byte on, so that the same page gives the
 * same object wherever it is.
 * @param payload one CBOR item
 * @returns ends of the objects, the last of which is the payload's
 */
export function cutsOf(payload: Uint8Array): number[] {
  const cuts: number[] = [];
  const visit = (value: unknown): void => {
    if (value instanceof Uint8Array) {
      const start = value.byteOffset - payload.byteOffset;
      if (value.length < PAGE_BYTES || value.buffer !== payload.buffer) return;
      for (let at = start; at < start + value.length; at += PAGE_BYTES) cuts.push(at);
      cuts.push(start + value.length);
    } else if (Array.isArray(value)) value.forEach(visit);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(visit);
  };
  visit(decode(payload));
  cuts.push(payload.length);
  return [...new Set(cuts)].filter((cut) => cut > 0).sort((a, b) => a - b);
}

/** Where the stores of a file may be: the one that is asked for, the one that it names, and one of that name beside it. */
export function storePlaces(file: string, hint: StoreHint | null): string[] {
  const given = process.env['DECOUPLE_STORE'] ?? '';
  const hinted = hint === null ? [] : [hint.path, join(dirname(resolve(file)), basename(hint.path))];
  return [...new Set([...(given === '' ? [] : [resolve(given)]), ...hinted])];
}

/** The stores that a file's contents may be in. */
export class ContentStores {
  private readonly stores: Store[];

  /**
   * @param file what is read, for finding a store beside it
   * @throws DecoupleError store-missing, store-invalid, version-too-new, damaged
   */
  constructor(
    private readonly file: string,
    private readonly hint: StoreHint | null,
  ) {
    const places = storePlaces(file, hint);
    this.stores = [];
    for (const path of places) {
      try {
        this.stores.push(Store.open(path));
      } catch (error) {
        // Whatever is in none of the others will be missed.
        if (!(error instanceof DecoupleError) || error.code !== 'store-missing') throw error;
      }
    }
    if (this.stores.length === 0) throw missing(file, hint, places);
  }

  /**
   * @param length of the whole
   * @throws DecoupleError object-missing, damaged
   */
  payload(list: Uint8Array, length: number): Uint8Array {
    // The next object may push it out of the memory it is in.
    const names = Uint8Array.from(this.get(list));
    if (names.length % HASH_BYTES !== 0) throw damaged(this.file, 'a list of its contents is no list');
    const payload = Buffer.allocUnsafe(length);
    let at = 0;
    for (let i = 0; i < names.length; i += HASH_BYTES) {
      const object = this.get(names.subarray(i, i + HASH_BYTES));
      if (object.length > length - at) throw damaged(this.file, 'a list of its contents is too long');
      payload.set(object, at);
      at += object.length;
    }
    if (at !== length) throw damaged(this.file, 'a list of its contents is too short');
    return payload;
  }

  close(): void {
    for (const store of this.stores) store.close();
  }

  private get(name: Uint8Array): Uint8Array {
    for (const store of this.stores) {
      const object = store.get(name);
      if (object !== null) return object;
    }
    const where = this.stores.map(({ folder }) => folder.path).join(' and ');
    const others = this.stores.every(({ folder }) => folder.id !== this.hint?.id);
    throw new DecoupleError(
      'object-missing',
      `${this.file} needs object ${Buffer.from(name).toString('hex')}, which is not in ${where}.`,
      others && this.hint !== null
        ? `It was written against another store, which was at ${this.hint.path}: give that with --store DIR.`
        : 'The store is not complete: `decouple store verify` says what else it lacks; a copy of it may have the object.',
    );
  }
}

function missing(file: string, hint: StoreHint | null, places: string[]): DecoupleError {
  const where = hint === null ? '' : `, which was at ${hint.path}`;
  const looked = places.length === 0 ? '' : `; there is none at ${places.join(' or ')}`;
  return new DecoupleError(
    'store-missing',
    `${file} has its contents in a store${where}${looked}.`,
    'Say where the store is with --store DIR, or in the environment variable DECOUPLE_STORE.',
  );
}
