/** ARP for IPv4 over Ethernet (RFC 826). */

const BYTES = 28;
const FIXED = Buffer.from('000108000604', 'hex');
export const ARP = { request: 1, reply: 2 } as const;

export interface ArpPacket {
  operation: number;
  senderMac: Buffer;
  sender: number;
  targetMac: Buffer;
  target: number;
}

/** @returns null for what is not ARP for IPv4 over Ethernet */
export function parseArp(bytes: Buffer): ArpPacket | null {
  if (bytes.length < BYTES || !bytes.subarray(0, 6).equals(FIXED)) return null;
  return {
    operation: bytes.readUInt16BE(6),
    senderMac: bytes.subarray(8, 14),
    sender: bytes.readUInt32BE(14),
    targetMac: bytes.subarray(18, 24),
    target: bytes.readUInt32BE(24),
  };
}

export function buildArp({ operation, senderMac, sender, targetMac, target }: ArpPacket): Buffer {
  const bytes = Buffer.alloc(BYTES);
  FIXED.copy(bytes);
  bytes.writeUInt16BE(operation, 6);
  senderMac.copy(bytes, 8);
  bytes.writeUInt32BE(sender, 14);
  targetMac.copy(bytes, 18);
  bytes.writeUInt32BE(target, 24);
  return bytes;
}
