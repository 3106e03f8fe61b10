/**
 * Checks bytes before they are decoded: what is said in them to be long or deep must be there, and within limits, so that a few
 * bytes cannot make a decoder take gigabytes, nor all of its stack.
 */

/** Arrays and maps within each other. */
export const MAX_DEPTH = 16;
/** Items in one, keys included: each takes up to a hundred bytes of memory when it is decoded. */
export const MAX_ITEMS = 1 << 20;

/** False, true, null; and floating-point numbers, as which the first versions wrote large integers. */
const SIMPLE = new Set([20, 21, 22, 25, 26, 27]);
const MAJOR = { bytes: 2, text: 3, array: 4, map: 5, tag: 6, simple: 7 };

/** @throws Error when the bytes are not one item as docs/formats/container.md allows them */
export function checkItem(bytes: Uint8Array): void {
  // Items that are still to come, of each array and map that is not complete; of maps, keys and values in turns.
  const left: number[] = [1];
  const isMap: boolean[] = [false];
  let at = 0;
  for (let items = 0; ; items++) {
    for (; left.at(-1) === 0; isMap.pop()) left.pop();
    if (left.length === 0) break;
    const depth = left.length - 1;
    const isKey = isMap[depth]! && left[depth]! % 2 === 0;
    left[depth]!--;
    if (items > MAX_ITEMS || at >= bytes.length) throw new Error('an item is not complete, or has too many parts');
    const major = bytes[at]! >> 5;
    const info = bytes[at]! & 0x1f;
    const width = info < 24 ? 0 : info < 28 ? 1 << (info - 24) : -1;
    if (width < 0 || at + 1 + width > bytes.length) throw new Error(`there is no item at byte ${at}`);
    if (isKey && major !== MAJOR.text) throw new Error(`the key of a map at byte ${at} is not text`);
    const value = argument(bytes, at, info, width);
    at += 1 + width;
    if (major === MAJOR.bytes || major === MAJOR.text) {
      if (value > bytes.length - at) throw new Error(`a string at byte ${at} runs past the end`);
      at += value;
    } else if (major === MAJOR.array || major === MAJOR.map) {
      const parts = major === MAJOR.map ? 2 * value : value;
      if (parts > bytes.length - at || depth === MAX_DEPTH) throw new Error(`too much is said to follow byte ${at}`);
      left.push(parts);
      isMap.push(major === MAJOR.map);
    } else if (major === MAJOR.tag || (major === MAJOR.simple && !SIMPLE.has(info))) {
      throw new Error(`there is no item of our formats at byte ${at - 1 - width}`);
    }
  }
  if (at !== bytes.length) throw new Error('something follows the item');
}

/** Big-endian; beyond 2^53 rounded. */
function argument(bytes: Uint8Array, at: number, info: number, width: number): number {
  if (width <= 0) return info;
  let value = 0;
  for (let i = 1; i <= width; i++) value = value * 256 + bytes[at + i]!;
  return value;
}
