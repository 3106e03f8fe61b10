/** Pages of RAM in a file: some with their contents, others as copies of pages that the file has said before. */
import { bytes, record, ShapeError } from './shape.js';

export const PAGE_BYTES = 4096;
/** Pages with contents in a `pages` frame at the most. */
export const PAGES_PER_FRAME = 256;
/** 4 GiB of physical memory. */
const PAGE_NUMBERS = 1 << 20;

/** Where a page's content comes from, when not from the page of that number. */
export const PAGE_SOURCE = { data: 0xffffffff, zero: 0xfffffffe } as const;

/**
 * Physical pages by number (address / 4096), to be applied in this order: a copy takes what its source holds at that
 * moment, with all pages before it in place.
 */
export interface Pages {
  numbers: Uint32Array;
  /** For each page PAGE_SOURCE.data, PAGE_SOURCE.zero or the number of a page that it is a copy of. */
  sources: Uint32Array;
  /** The contents of pages with PAGE_SOURCE.data, one after another. */
  data: Uint8Array;
}

/** RAM that pages are put into. */
export interface PageTarget {
  /** Sets whole pages. */
  writePages(numbers: Uint32Array, data: Uint8Array): void;
  /** The content of a page, or null when it is not RAM. */
  readPage(number: number): Uint8Array | null;
}

const ZEROS = new Uint8Array(PAGE_BYTES);

/** @throws ShapeError when a page is the copy of one that is not RAM; what the target throws */
export function applyPages({ numbers, sources, data }: Pages, target: PageTarget): void {
  let taken = 0;
  for (let i = 0; i < numbers.length;) {
    const source = sources[i]!;
    let next = i + 1;
    if (source === PAGE_SOURCE.data) {
      while (next < numbers.length && sources[next] === PAGE_SOURCE.data) next++;
      const end = taken + (next - i) * PAGE_BYTES;
      target.writePages(numbers.subarray(i, next), data.subarray(taken, end));
      taken = end;
    } else {
      const content = source === PAGE_SOURCE.zero ? ZEROS : target.readPage(source);
      if (content === null) throw new ShapeError(`page ${source}, which is to be copied, is not in RAM`);
      target.writePages(numbers.subarray(i, next), content);
    }
    i = next;
  }
}

export function encodablePages({ numbers, sources, data }: Pages): Record<string, Uint8Array> {
  return { numbers: bytesOf(numbers), sources: bytesOf(sources), data };
}

/** Version 1 has no sources: all pages have contents. @throws ShapeError */
export function pagesOf(value: unknown): Pages {
  const map = record(value, 'pages');
  const numbers = u32sOf(map.numbers, 'pages.numbers');
  const sources =
    map.sources === undefined
      ? new Uint32Array(numbers.length).fill(PAGE_SOURCE.data)
      : u32sOf(map.sources, 'pages.sources');
  if (sources.length !== numbers.length) throw new ShapeError('pages.sources and pages.numbers do not match');
  let contents = 0;
  for (const source of sources) {
    if (source === PAGE_SOURCE.data) contents++;
    else if (source !== PAGE_SOURCE.zero && source >= PAGE_NUMBERS) throw new ShapeError(`there is no page ${source}`);
  }
  return { numbers, sources, data: bytes(map.data, 'pages.data', contents * PAGE_BYTES) };
}

/** Numbers of 32 bits, little-endian, one after another. @throws ShapeError */
export function u32sOf(value: unknown, what: string): Uint32Array {
  const list = bytes(value, what);
  if (list.length % 4 !== 0) throw new ShapeError(`${what} is not a list of u32`);
  // The bytes may lie anywhere in a payload; numbers must be aligned.
  return new Uint32Array(Uint8Array.from(list).buffer);
}

function bytesOf(list: Uint32Array): Uint8Array {
  return new Uint8Array(list.buffer, list.byteOffset, list.byteLength);
}
