/** CBOR that may break every rule: items as test/support/cbor-items.ts decodes them, and bytes in the place of any of them. */
import type { Item } from '../support/cbor-items.js';

/** Bytes that stand where an item should: another type, a length that is a lie, whatever. */
export class Raw {
  constructor(readonly bytes: Uint8Array) {}
}

export type Tree = Exclude<Item, Item[] | Map<Item, Item>> | Raw | Tree[] | Map<Tree, Tree>;

/** Items in all at the most: what was repeated within what was repeated ends there. */
const MOST_ITEMS = 100_000;
/** Within each other: a tree that was put into itself has no end. More than any reader takes. */
const MOST_DEPTH = 500;

export function encodeTree(tree: Tree): Buffer {
  const pieces: Uint8Array[] = [];
  // Where something was put behind the end of a list, nothing is before it.
  const put = (item: Tree | undefined, depth: number): void => {
    if (item === undefined || pieces.length > MOST_ITEMS || depth > MOST_DEPTH) return;
    if (item instanceof Raw) pieces.push(item.bytes);
    else if (typeof item === 'bigint') pieces.push(item >= 0n ? head(0, item) : head(1, -1n - item));
    else if (typeof item === 'number') pieces.push(float(item));
    else if (typeof item === 'string') pieces.push(head(3, Buffer.byteLength(item)), Buffer.from(item));
    else if (typeof item === 'boolean') pieces.push(Uint8Array.of(item ? 0xf5 : 0xf4));
    else if (item === null) pieces.push(Uint8Array.of(0xf6));
    else if (item instanceof Uint8Array) pieces.push(head(2, item.length), item);
    else if (Array.isArray(item)) {
      pieces.push(head(4, item.length));
      for (const each of item) put(each, depth + 1);
    } else {
      pieces.push(head(5, item.size));
      for (const [key, value] of item) {
        put(key, depth + 1);
        put(value, depth + 1);
      }
    }
  };
  put(tree, 0);
  return Buffer.concat(pieces);
}

/** A head in its shortest form; of a value beyond 64 bits, its lowest ones. */
export function head(major: number, argument: bigint | number): Buffer {
  const value = BigInt.asUintN(64, BigInt(argument));
  const first = major << 5;
  if (value < 24n) return Buffer.of(first | Number(value));
  const width = value <= 0xffn ? 1 : value <= 0xffffn ? 2 : value <= 0xffffffffn ? 4 : 8;
  const bytes = Buffer.alloc(9);
  bytes.writeBigUInt64BE(value, 1);
  return Buffer.concat([Buffer.of(first | (24 + Math.log2(width))), bytes.subarray(9 - width)]);
}

function float(value: number): Buffer {
  const bytes = Buffer.alloc(9, 0xfb);
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

/** A place in a tree: an item of an array, or a value or key of a map. */
export interface Place {
  parent: Tree[] | Map<Tree, Tree>;
  key: number | Tree;
}

/** All places of a tree, but for what is deep inside of very long lists. */
export function placesOf(tree: Tree, most = 5000): Place[] {
  const places: Place[] = [];
  const visit = (item: Tree, depth: number): void => {
    if (places.length >= most || depth > MOST_DEPTH) return;
    const below = (each: Tree, key: number | Tree): void => {
      if (Array.isArray(item) || item instanceof Map) places.push({ parent: item, key });
      visit(each, depth + 1);
    };
    if (Array.isArray(item)) item.forEach(below);
    else if (item instanceof Map) item.forEach(below);
  };
  visit(tree, 0);
  return places;
}

export function at({ parent, key }: Place): Tree {
  return Array.isArray(parent) ? parent[key as number]! : parent.get(key)!;
}

export function put({ parent, key }: Place, value: Tree): void {
  if (Array.isArray(parent)) parent[key as number] = value;
  else parent.set(key, value);
}
