/** Arithmetic that all the protocols share. */

/**
 * The Internet checksum (RFC 1071) over several pieces one after another; all but the last have an even length.
 * @returns 0 for data that holds its own correct checksum
 */
export function checksum(...pieces: readonly Uint8Array[]): number {
  let sum = 0;
  for (const bytes of pieces) {
    const even = bytes.length & ~1;
    for (let i = 0; i < even; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!;
    if (even < bytes.length) sum += bytes[even]! << 8;
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

/** What checksums of TCP and UDP cover beside the datagram itself (RFC 768, RFC 9293 section 3.1). */
export function pseudoHeader(source: number, destination: number, protocol: number, length: number): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt32BE(source, 0);
  header.writeUInt32BE(destination, 4);
  header.writeUInt8(protocol, 9);
  header.writeUInt16BE(length, 10);
  return header;
}

/** The same bytes as a Buffer, not copied. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
