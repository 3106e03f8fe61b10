/** CBOR (RFC 8949) as the formats use it: plain maps and arrays, byte strings, integers; no tags, no records. */
import { Decoder, Encoder } from 'cbor-x';
import { checkItem } from './cbor-check.js';

const options = {
  mapsAsObjects: true,
  useRecords: false,
  tagUint8Array: false,
  variableMapSize: true,
  int64AsNumber: true,
} as const;
const encoder = new Encoder(options);
const decoder = new Decoder(options);

/**
 * Whole numbers are written as integers, whatever their size.
 * @returns bytes of their own, not a view into a shared buffer
 */
export function encode(value: unknown): Uint8Array {
  return Uint8Array.from(encoder.encode(withLongIntegers(value)));
}

/** The encoder takes numbers beyond 32 bits for floating-point ones, unless they are bigints. */
function withLongIntegers(value: unknown): unknown {
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) && (value > 0xffffffff || value < -0x80000000) ? BigInt(value) : value;
  }
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map(withLongIntegers);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withLongIntegers(item)]));
}

/**
 * Integers beyond 2^53 come out rounded: the shapes that are asked of them refuse these.
 * @throws Error when the bytes are not one CBOR item as the formats allow it
 */
export function decode(bytes: Uint8Array): unknown {
  checkItem(bytes);
  return decoder.decode(bytes);
}
