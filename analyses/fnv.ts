/** FNV-1a with 64 bits (Fowler, Noll, Vo; draft-eastlake-fnv): what the simulator hashes code with. */

const OFFSET_HIGH = 0xcbf29ce4;
const OFFSET_LOW = 0x84222325;
/** The prime is 2^40 + 0x1b3. */
const PRIME_LOW = 0x1b3;
const TWO_32 = 2 ** 32;

/** Hash of `bytes` from `start` up to, not including, `end`. In halves of 32 bits: BigInt is twenty times slower. */
export function fnv1a64(bytes: Uint8Array, start = 0, end = bytes.length): bigint {
  let high = OFFSET_HIGH;
  let low = OFFSET_LOW;
  for (let i = start; i < end; i++) {
    low = (low ^ bytes[i]!) >>> 0;
    const product = low * PRIME_LOW;
    high = (Math.imul(high, PRIME_LOW) + Math.floor(product / TWO_32) + (low << 8)) >>> 0;
    low = product >>> 0;
  }
  return (BigInt(high) << 32n) | BigInt(low);
}
