/** ICMP (RFC 792): echo, and saying that something cannot be reached. */
import { checksum } from './bytes.js';
import { IPV4_HEADER_BYTES } from './ipv4.js';

const TYPE = { echoReply: 0, unreachable: 3, echo: 8 } as const;
/** Codes of "destination unreachable"; `prohibited` is RFC 1812's. */
export const UNREACHABLE = { protocol: 2, port: 3, prohibited: 13 } as const;
const HEADER_BYTES = 8;

/** The answer to an echo request; null for everything else. */
export function echoReply(message: Buffer): Buffer | null {
  if (message.length < HEADER_BYTES || message[0] !== TYPE.echo || checksum(message) !== 0) return null;
  const reply = Buffer.from(message);
  reply[0] = TYPE.echoReply;
  return signed(reply);
}

/** @param packet the IPv4 packet that cannot be delivered: its header and the 8 bytes after it go back */
export function unreachable(code: number, packet: Buffer): Buffer {
  const quoted = packet.subarray(0, (packet[0]! & 15) * 4 + 8);
  const message = Buffer.alloc(HEADER_BYTES + Math.max(quoted.length, IPV4_HEADER_BYTES));
  message[0] = TYPE.unreachable;
  message[1] = code;
  quoted.copy(message, HEADER_BYTES);
  return signed(message);
}

function signed(message: Buffer): Buffer {
  message.writeUInt16BE(0, 2);
  message.writeUInt16BE(checksum(message), 2);
  return message;
}
