/** IPv4 packets (RFC 791). Fragments are neither made nor put together. */
import { checksum } from './bytes.js';

export const PROTOCOL = { icmp: 1, tcp: 6, udp: 17 } as const;
export const IPV4_HEADER_BYTES = 20;
const DONT_FRAGMENT = 0x4000;
const IS_FRAGMENT = 0x3fff;
const TIME_TO_LIVE = 64;

export interface Ipv4Packet {
  source: number;
  destination: number;
  protocol: number;
  payload: Buffer;
}

/**
 * @param bytes of an Ethernet frame; what is behind the packet's end is padding
 * @returns null for fragments, and for what is no packet or has a wrong checksum
 */
export function parseIpv4(bytes: Buffer): (Ipv4Packet & { whole: Buffer }) | null {
  if (bytes.length < IPV4_HEADER_BYTES || bytes[0]! >> 4 !== 4) return null;
  const headerBytes = (bytes[0]! & 15) * 4;
  const length = bytes.readUInt16BE(2);
  if (headerBytes < IPV4_HEADER_BYTES || length < headerBytes || length > bytes.length) return null;
  if ((bytes.readUInt16BE(6) & IS_FRAGMENT) !== 0 || checksum(bytes.subarray(0, headerBytes)) !== 0) return null;
  return {
    source: bytes.readUInt32BE(12),
    destination: bytes.readUInt32BE(16),
    protocol: bytes[9]!,
    payload: bytes.subarray(headerBytes, length),
    whole: bytes.subarray(0, length),
  };
}

export function buildIpv4({ source, destination, protocol, payload }: Ipv4Packet): Buffer {
  const bytes = Buffer.alloc(IPV4_HEADER_BYTES + payload.length);
  bytes[0] = 0x45;
  bytes.writeUInt16BE(bytes.length, 2);
  bytes.writeUInt16BE(DONT_FRAGMENT, 6);
  bytes[8] = TIME_TO_LIVE;
  bytes[9] = protocol;
  bytes.writeUInt32BE(source, 12);
  bytes.writeUInt32BE(destination, 16);
  bytes.writeUInt16BE(checksum(bytes.subarray(0, IPV4_HEADER_BYTES)), 10);
  payload.copy(bytes, IPV4_HEADER_BYTES);
  return bytes;
}
