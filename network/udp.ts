/** UDP datagrams (RFC 768). */
import { checksum, pseudoHeader } from './bytes.js';
import { MTU } from './ethernet.js';
import { IPV4_HEADER_BYTES, PROTOCOL } from './ipv4.js';

const HEADER_BYTES = 8;
/** More would need several packets. */
export const MAX_UDP_BYTES = MTU - IPV4_HEADER_BYTES - HEADER_BYTES;

export interface UdpDatagram {
  sourcePort: number;
  destinationPort: number;
  data: Buffer;
}

/** @returns null for what is no datagram or has a wrong checksum (none at all is allowed) */
export function parseUdp(bytes: Buffer, source: number, destination: number): UdpDatagram | null {
  if (bytes.length < HEADER_BYTES) return null;
  const length = bytes.readUInt16BE(4);
  if (length < HEADER_BYTES || length > bytes.length) return null;
  const datagram = bytes.subarray(0, length);
  const header = pseudoHeader(source, destination, PROTOCOL.udp, length);
  if (bytes.readUInt16BE(6) !== 0 && checksum(header, datagram) !== 0) return null;
  return {
    sourcePort: bytes.readUInt16BE(0),
    destinationPort: bytes.readUInt16BE(2),
    data: datagram.subarray(HEADER_BYTES),
  };
}

export function buildUdp(datagram: UdpDatagram, source: number, destination: number): Buffer {
  const { sourcePort, destinationPort, data } = datagram;
  const bytes = Buffer.alloc(HEADER_BYTES + data.length);
  bytes.writeUInt16BE(sourcePort, 0);
  bytes.writeUInt16BE(destinationPort, 2);
  bytes.writeUInt16BE(bytes.length, 4);
  data.copy(bytes, HEADER_BYTES);
  const sum = checksum(pseudoHeader(source, destination, PROTOCOL.udp, bytes.length), bytes);
  // Zero would say that there is none.
  bytes.writeUInt16BE(sum === 0 ? 0xffff : sum, 6);
  return bytes;
}
