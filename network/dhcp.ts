/** A DHCP server with one address to give (RFC 2131, options of RFC 2132). */
import { ADDRESS, NETMASK } from './addresses.js';

export const DHCP_PORT = { server: 67, client: 68 } as const;
const HEADER_BYTES = 240;
const MAGIC = 0x63825363;
const BOOT = { request: 1, reply: 2 } as const;
const ETHERNET = 1;
const OPTION = { pad: 0, mask: 1, router: 3, nameServer: 6, requested: 50, lease: 51, kind: 53, server: 54, end: 255 };
const KIND = { discover: 1, offer: 2, request: 3, ack: 5, nak: 6, inform: 8 } as const;
const LEASE_SECONDS = 86_400;
/** The least that clients take (RFC 2131, section 2). */
const REPLY_BYTES = 300;

/**
 * @param message a datagram to port 67
 * @returns what goes to port 68, broadcast; null when there is nothing to say
 */
export function answerDhcp(message: Buffer): Buffer | null {
  if (message.length < HEADER_BYTES || message[0] !== BOOT.request || message[1] !== ETHERNET || message[2] !== 6)
    return null;
  if (message.readUInt32BE(236) !== MAGIC) return null;
  const options = readOptions(message.subarray(HEADER_BYTES));
  const kind = options.get(OPTION.kind)?.[0];
  const server = addressOf(options.get(OPTION.server));
  if (server !== null && server !== ADDRESS.gateway) return null;
  switch (kind) {
    case KIND.discover:
      return reply(message, KIND.offer, ADDRESS.guest);
    case KIND.request: {
      const wanted = addressOf(options.get(OPTION.requested)) ?? message.readUInt32BE(12);
      return wanted === ADDRESS.guest ? reply(message, KIND.ack, ADDRESS.guest) : reply(message, KIND.nak, 0);
    }
    case KIND.inform:
      return reply(message, KIND.ack, 0);
    default:
      return null;
  }
}

function readOptions(bytes: Buffer): Map<number, Buffer> {
  const options = new Map<number, Buffer>();
  for (let at = 0; at < bytes.length && bytes[at] !== OPTION.end;) {
    const code = bytes[at++]!;
    if (code === OPTION.pad) continue;
    const length = bytes[at++] ?? 0;
    if (at + length > bytes.length) break;
    options.set(code, bytes.subarray(at, at + length));
    at += length;
  }
  return options;
}

function addressOf(option: Buffer | undefined): number | null {
  return option?.length === 4 ? option.readUInt32BE(0) : null;
}

function reply(request: Buffer, kind: number, address: number): Buffer {
  const message = Buffer.alloc(REPLY_BYTES);
  // Transaction, flags, the client's present address and its hardware address are those of the request.
  request.copy(message, 0, 0, 44);
  message[0] = BOOT.reply;
  message[3] = 0;
  message.writeUInt32BE(address, 16);
  message.writeUInt32BE(ADDRESS.gateway, 20);
  message.writeUInt32BE(MAGIC, 236);
  const four = (option: number, value: number): number[] => [
    ...[option, 4, value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff],
  ];
  const configuration = [
    ...four(OPTION.mask, NETMASK),
    ...four(OPTION.router, ADDRESS.gateway),
    ...four(OPTION.nameServer, ADDRESS.nameServer),
    ...(address === 0 ? [] : four(OPTION.lease, LEASE_SECONDS)),
  ];
  const options = [
    ...[OPTION.kind, 1, kind],
    ...four(OPTION.server, ADDRESS.gateway),
    ...(kind === KIND.nak ? [] : configuration),
    OPTION.end,
  ];
  message.set(options, HEADER_BYTES);
  return message;
}
