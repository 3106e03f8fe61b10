/** Ethernet II frames, without preamble and checksum (IEEE 802.3). */

export const ETHER_TYPE = { ipv4: 0x0800, arp: 0x0806 } as const;
/** Bytes that one frame carries. */
export const MTU = 1500;
const HEADER_BYTES = 14;
const MIN_BYTES = 60;
/** Room for a VLAN tag; nothing longer goes over a wire. */
export const MAX_FRAME_BYTES = HEADER_BYTES + 4 + MTU;

export interface Frame {
  destination: Buffer;
  source: Buffer;
  type: number;
  payload: Buffer;
}

/** @returns null for what is too short or too long to be a frame */
export function parseFrame(bytes: Buffer): Frame | null {
  if (bytes.length < HEADER_BYTES || bytes.length > MAX_FRAME_BYTES) return null;
  return {
    destination: bytes.subarray(0, 6),
    source: bytes.subarray(6, 12),
    type: bytes.readUInt16BE(12),
    payload: bytes.subarray(HEADER_BYTES),
  };
}

/** Frames shorter than the least that the wire takes are filled up with zeros. */
export function buildFrame({ destination, source, type, payload }: Frame): Buffer {
  const bytes = Buffer.alloc(Math.max(MIN_BYTES, HEADER_BYTES + payload.length));
  destination.copy(bytes, 0);
  source.copy(bytes, 6);
  bytes.writeUInt16BE(type, 12);
  payload.copy(bytes, HEADER_BYTES);
  return bytes;
}
