/**
 * Finds packets in what devices give, wherever they begin: an Ethernet header that says IPv4, an IPv4 header with its
 * checksum, and a TCP segment or UDP datagram with its own. By chance that is so once in 2^40 places.
 */
import { checksum } from '../../network/bytes.js';
import { ETHER_TYPE, MAX_FRAME_BYTES } from '../../network/ethernet.js';
import { parseIpv4, PROTOCOL } from '../../network/ipv4.js';
import { parseSegment } from '../../network/tcp/segment.js';
import { parseUdp } from '../../network/udp.js';
import { FILLER } from './filler.js';
import { SAMPLE_BYTES } from './remains.js';

/** Where things are in the bytes that were looked through. */
export interface FoundPacket {
  kind: 'tcp' | 'udp';
  peer: string;
  /** Of the checksum, two bytes, and what they are; 0 of a datagram: there is none. */
  sumAt: number;
  sum: number;
  /** Of the payload: one, or two when it begins with the head of a text protocol, which programs read otherwise. */
  parts: FoundPart[];
  /** Behind the packet. */
  end: number;
}

export interface FoundPart {
  at: number;
  length: number;
  /** Its first bytes, a copy. */
  begin: Uint8Array;
  /** What the checksum becomes more by with fillers there (RFC 1624). */
  delta: number;
}

const ETHER_TYPE_BYTES = Buffer.of(ETHER_TYPE.ipv4 >> 8, ETHER_TYPE.ipv4 & 0xff);
const ADDRESSES_BYTES = 12;
const SUM_AT = { tcp: 16, udp: 6 } as const;

/**
 * Packets with a payload, one behind the other.
 * @param whole false: more will follow, and what may go on there is not looked at
 * @returns where to go on, when more is there
 */
export function findPackets(bytes: Buffer, whole: boolean, found: (packet: FoundPacket) => void): number {
  const until = whole ? bytes.length : Math.max(0, bytes.length - MAX_FRAME_BYTES);
  let from = 0;
  while (from < until) {
    const at = bytes.indexOf(ETHER_TYPE_BYTES, from + ADDRESSES_BYTES);
    if (at < 0 || at - ADDRESSES_BYTES >= until) return until;
    const packet = packetAt(bytes, at + ETHER_TYPE_BYTES.length);
    if (packet !== null && packet.parts.length > 0) found(packet);
    from = packet?.end ?? at - ADDRESSES_BYTES + 1;
  }
  return from;
}

/** @returns null where there is none whose checksums are right */
function packetAt(bytes: Buffer, at: number): FoundPacket | null {
  const packet = parseIpv4(bytes.subarray(at, at + MAX_FRAME_BYTES));
  if (packet === null) return null;
  const { source, destination, protocol, payload } = packet;
  const [kind, inner] =
    protocol === PROTOCOL.tcp
      ? (['tcp', parseSegment(payload, source, destination)] as const)
      : protocol === PROTOCOL.udp
        ? (['udp', parseUdp(payload, source, destination)] as const)
        : ([null, null] as const);
  if (inner === null) return null;
  const { data, sourcePort } = inner;
  const start = payload.byteOffset - bytes.byteOffset;
  const dataAt = data.byteOffset - payload.byteOffset;
  const body = headBytes(data);
  const parts = [
    { from: dataAt, to: dataAt + body },
    { from: dataAt + body, to: dataAt + data.length },
  ].filter(({ from, to }) => to > from);
  return {
    ...{ kind, peer: `${dotted(source)}:${sourcePort}` },
    ...{ sumAt: start + SUM_AT[kind], sum: payload.readUInt16BE(SUM_AT[kind]) },
    parts: parts.map(({ from, to }) => ({
      ...{ at: start + from, length: to - from, delta: delta(payload, from, to) },
      begin: Uint8Array.from(payload.subarray(from, Math.min(to, from + SAMPLE_BYTES))),
    })),
    end: start + payload.length,
  };
}

const BLANK_LINE = Buffer.from('\r\n\r\n');
const HEAD = /^[\t\r\n -~]+$/;

/** Bytes of lines of text up to an empty one, as before what is sent by HTTP; 0 when it does not begin so. */
function headBytes(data: Buffer): number {
  const at = data.indexOf(BLANK_LINE);
  return at > 0 && HEAD.test(data.toString('latin1', 0, at)) ? at + BLANK_LINE.length : 0;
}

function delta(segment: Buffer, from: number, to: number): number {
  // Words are counted from the segment's beginning.
  const even = from & ~1;
  const before = Buffer.alloc(to - even);
  segment.copy(before, from - even, from, to);
  const after = Buffer.from(before).fill(FILLER, from - even);
  return addSums(~checksum(before) & 0xffff, checksum(after));
}

/** Ones' complement. */
export function addSums(a: number, b: number): number {
  const sum = a + b;
  return sum > 0xffff ? sum - 0xffff : sum;
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}
