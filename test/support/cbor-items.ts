/**
 * CBOR (RFC 8949) with nothing lost, for checks of what is written: integers are bigints, floating-point numbers are
 * numbers, maps are Maps. Only definite lengths, no tags: more makes an error.
 */
export type Item = bigint | number | string | boolean | null | Uint8Array | Item[] | Map<Item, Item>;

/** All items of a sequence (RFC 8742). */
export function decodeItems(bytes: Uint8Array): Item[] {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const items: Item[] = [];
  let at = 0;
  const one = (): Item => {
    const first = view.readUInt8(at++);
    const [major, info] = [first >> 5, first & 0x1f];
    if (major === 7 && info >= 25 && info <= 27) return float(info);
    const value = argument(info);
    if ((major === 4 || major === 5) && value > view.length - at) throw new RangeError('a list runs past the end');
    switch (major) {
      case 0:
        return value;
      case 1:
        return -1n - value;
      case 2:
        return piece(Number(value));
      case 3:
        return piece(Number(value)).toString('utf8');
      case 4:
        return Array.from({ length: Number(value) }, one);
      case 5:
        return new Map(Array.from({ length: Number(value) }, () => [one(), one()] as const));
      case 7:
        if (value === 20n || value === 21n) return value === 21n;
        if (value === 22n) return null;
    }
    throw new Error(`an item of major type ${major} and ${value} is not for our formats`);
  };
  const float = (info: number): number => {
    at += [2, 4, 8][info - 25]!;
    return info === 27 ? view.readDoubleBE(at - 8) : info === 26 ? view.readFloatBE(at - 4) : NaN;
  };
  const argument = (info: number): bigint => {
    if (info < 24) return BigInt(info);
    if (info > 27) throw new Error('a length that is not definite is not for our formats');
    const width = 1 << (info - 24);
    at += width;
    return BigInt(`0x${view.toString('hex', at - width, at)}`);
  };
  const piece = (length: number): Buffer => {
    if (at + length > view.length) throw new RangeError('a string runs past the end');
    at += length;
    return view.subarray(at - length, at);
  };
  while (at < view.length) items.push(one());
  return items;
}
