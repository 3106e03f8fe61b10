/** TCP segments (RFC 9293 section 3.1), with the options that matter here: MSS and window scale (RFC 7323). */
import { checksum, pseudoHeader } from '../bytes.js';
import { MTU } from '../ethernet.js';
import { IPV4_HEADER_BYTES, PROTOCOL } from '../ipv4.js';

const HEADER_BYTES = 20;
/** Bytes of data in one packet. */
export const MAX_SEGMENT_BYTES = MTU - IPV4_HEADER_BYTES - HEADER_BYTES;
export const TCP_FLAG = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16 } as const;
const OPTION = { end: 0, pad: 1, mss: 2, scale: 3 } as const;
/** RFC 7323, section 2.3. */
const MAX_SCALE = 14;

export interface Segment {
  sourcePort: number;
  destinationPort: number;
  /** Sequence and acknowledgment numbers, modulo 2^32. */
  seq: number;
  ack: number;
  flags: number;
  /** As in the header: not scaled. */
  window: number;
  /** Null when the option is not there. */
  mss: number | null;
  scale: number | null;
  data: Buffer;
}

/** @returns null for what is no segment or has a wrong checksum */
export function parseSegment(bytes: Buffer, source: number, destination: number): Segment | null {
  if (bytes.length < HEADER_BYTES) return null;
  const headerBytes = (bytes[12]! >> 4) * 4;
  if (headerBytes < HEADER_BYTES || headerBytes > bytes.length) return null;
  if (checksum(pseudoHeader(source, destination, PROTOCOL.tcp, bytes.length), bytes) !== 0) return null;
  const options = readOptions(bytes.subarray(HEADER_BYTES, headerBytes));
  return {
    sourcePort: bytes.readUInt16BE(0),
    destinationPort: bytes.readUInt16BE(2),
    seq: bytes.readUInt32BE(4),
    ack: bytes.readUInt32BE(8),
    flags: bytes[13]! & 0x1f,
    window: bytes.readUInt16BE(14),
    ...options,
    data: bytes.subarray(headerBytes),
  };
}

function readOptions(bytes: Buffer): { mss: number | null; scale: number | null } {
  const found: { mss: number | null; scale: number | null } = { mss: null, scale: null };
  for (let at = 0; at < bytes.length && bytes[at] !== OPTION.end;) {
    if (bytes[at] === OPTION.pad) {
      at++;
      continue;
    }
    const length = bytes[at + 1] ?? 0;
    if (length < 2 || at + length > bytes.length) break;
    if (bytes[at] === OPTION.mss && length === 4) found.mss = bytes.readUInt16BE(at + 2);
    if (bytes[at] === OPTION.scale && length === 3) found.scale = Math.min(bytes[at + 2]!, MAX_SCALE);
    at += length;
  }
  return found;
}

export function buildSegment(segment: Segment, source: number, destination: number): Buffer {
  const { mss, scale, data } = segment;
  const options = [
    ...(mss === null ? [] : [OPTION.mss, 4, mss >> 8, mss & 0xff]),
    ...(scale === null ? [] : [OPTION.pad, OPTION.scale, 3, scale]),
  ];
  const headerBytes = HEADER_BYTES + options.length;
  const bytes = Buffer.alloc(headerBytes + data.length);
  bytes.writeUInt16BE(segment.sourcePort, 0);
  bytes.writeUInt16BE(segment.destinationPort, 2);
  bytes.writeUInt32BE(segment.seq, 4);
  bytes.writeUInt32BE(segment.ack, 8);
  bytes[12] = (headerBytes / 4) << 4;
  bytes[13] = segment.flags;
  bytes.writeUInt16BE(segment.window, 14);
  bytes.set(options, HEADER_BYTES);
  data.copy(bytes, headerBytes);
  bytes.writeUInt16BE(checksum(pseudoHeader(source, destination, PROTOCOL.tcp, bytes.length), bytes), 16);
  return bytes;
}

/** What follows a segment: its data, and SYN and FIN, which count one each. */
export function lengthOf({ flags, data }: Pick<Segment, 'flags' | 'data'>): number {
  return data.length + (flags & TCP_FLAG.syn ? 1 : 0) + (flags & TCP_FLAG.fin ? 1 : 0);
}

/** The reset that answers a segment nobody waits for (RFC 9293 section 3.10.7.1); none for a reset. */
export function resetFor(segment: Segment): Segment | null {
  if (segment.flags & TCP_FLAG.rst) return null;
  const acknowledged = (segment.flags & TCP_FLAG.ack) !== 0;
  return {
    sourcePort: segment.destinationPort,
    destinationPort: segment.sourcePort,
    seq: acknowledged ? segment.ack : 0,
    ack: acknowledged ? 0 : (segment.seq + lengthOf(segment)) >>> 0,
    flags: acknowledged ? TCP_FLAG.rst : TCP_FLAG.rst | TCP_FLAG.ack,
    window: 0,
    mss: null,
    scale: null,
    data: Buffer.alloc(0),
  };
}
