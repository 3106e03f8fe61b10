import { crc32 as nativeCrc32 } from 'node:zlib';

/** CRC-32 (ISO 3309, as in gzip) of `bytes`, continued from `seed`. Unsigned. */
export function crc32(bytes: Uint8Array, seed = 0): number {
  return nativeCrc32(bytes, seed) >>> 0;
}
