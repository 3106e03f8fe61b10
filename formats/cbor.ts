/** CBOR (RFC 8949) as the formats use it: plain maps and arrays, byte strings, integers; no tags, no records. */
import { Decoder, Encoder } from 'cbor-x';

const options = { mapsAsObjects: true, useRecords: false, tagUint8Array: false, variableMapSize: true } as const;
const encoder = new Encoder(options);
const decoder = new Decoder(options);

/** @returns bytes of their own, not a view into a shared buffer */
export function encode(value: unknown): Uint8Array {
  return Uint8Array.from(encoder.encode(value));
}

/** @throws Error when the bytes are not one CBOR item */
export function decode(bytes: Uint8Array): unknown {
  return decoder.decode(bytes);
}
