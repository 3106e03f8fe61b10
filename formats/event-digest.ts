/** What a check says of the events before it: FNV-1a, 32 bits (Fowler, Noll, Vo), of their encoded bytes. */
export const NO_EVENTS = 2166136261;
const FNV_PRIME = 16777619;

/**
 * @param digest of what came before
 * @returns the digest with the bytes from `from` to `to` behind it
 */
export function digestEvents(digest: number, bytes: Uint8Array, from = 0, to = bytes.length): number {
  let next = digest;
  for (let i = from; i < to; i++) next = Math.imul(next ^ bytes[i]!, FNV_PRIME);
  return next >>> 0;
}
