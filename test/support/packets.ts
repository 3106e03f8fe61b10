/** Messages as a guest would send them. */
import { checksum } from '../../network/bytes.js';

/** @param kind 1 discover, 3 request (RFC 2132, 9.6) */
export function dhcpRequest(kind: number, wanted?: number): Buffer {
  const message = Buffer.alloc(300);
  message.set([1, 1, 6, 0]);
  message.writeUInt32BE(0x12345678, 4);
  message.set([0x52, 0x54, 0, 1, 2, 3], 28);
  message.writeUInt32BE(0x63825363, 236);
  const address = Buffer.alloc(4);
  address.writeUInt32BE(wanted ?? 0);
  message.set([53, 1, kind, ...(wanted === undefined ? [] : [50, 4, ...address]), 255], 240);
  return message;
}

export function dnsQuestion(name: string, type: number): Buffer {
  const labels = name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]);
  return Buffer.from([0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...labels, 0, 0, type, 0, 1]);
}

export function echoRequest(data: Buffer): Buffer {
  const message = Buffer.concat([Buffer.from([8, 0, 0, 0, 1, 2, 3, 4]), data]);
  message.writeUInt16BE(checksum(message), 2);
  return message;
}
