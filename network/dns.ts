/** DNS messages as a small name server needs them: one question, answers with addresses (RFC 1035). */

export const DNS_PORT = 53;
export const DNS_TYPE = { a: 1, aaaa: 28 } as const;
export const DNS_STATUS = { ok: 0, failed: 2, noSuchName: 3, notImplemented: 4 } as const;
const CLASS_INTERNET = 1;
const HEADER_BYTES = 12;
const FLAG = { response: 0x8000, operation: 0x7800, recursionWanted: 0x0100, recursionAvailable: 0x0080 } as const;
const TIME_TO_LIVE_SECONDS = 60;
const MAX_NAME_BYTES = 255;
/** Answers that fit into a datagram of 512 bytes behind the longest question. */
const MAX_ANSWERS = 12;

export interface DnsQuestion {
  id: number;
  flags: number;
  /** Lower case, without a dot at its end. */
  name: string;
  type: number;
  /** As it was asked. */
  bytes: Buffer;
}

/** @returns null for what is not exactly one question about the Internet */
export function parseQuestion(message: Buffer): DnsQuestion | null {
  if (message.length < HEADER_BYTES) return null;
  const flags = message.readUInt16BE(2);
  if ((flags & (FLAG.response | FLAG.operation)) !== 0 || message.readUInt16BE(4) !== 1) return null;
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (;;) {
    const length = message[at++];
    if (length === undefined || length > 63 || at - HEADER_BYTES + length > MAX_NAME_BYTES) return null;
    if (length === 0) break;
    if (at + length > message.length) return null;
    labels.push(message.toString('latin1', at, at + length).toLowerCase());
    at += length;
  }
  if (at + 4 > message.length || message.readUInt16BE(at + 2) !== CLASS_INTERNET) return null;
  return {
    id: message.readUInt16BE(0),
    flags,
    name: labels.join('.'),
    type: message.readUInt16BE(at),
    bytes: message.subarray(HEADER_BYTES, at + 4),
  };
}

/** @param addresses IPv4 addresses that the name has */
export function buildAnswer(question: DnsQuestion, status: number, addresses: readonly number[]): Buffer {
  const answers = addresses.slice(0, MAX_ANSWERS);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(question.id, 0);
  const flags = FLAG.response | (question.flags & FLAG.recursionWanted) | FLAG.recursionAvailable | status;
  header.writeUInt16BE(flags, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answers.length, 6);
  const records = answers.map((address) => {
    const record = Buffer.alloc(16);
    // The name is the one at the beginning of the question.
    record.writeUInt16BE(0xc000 | HEADER_BYTES, 0);
    record.writeUInt16BE(DNS_TYPE.a, 2);
    record.writeUInt16BE(CLASS_INTERNET, 4);
    record.writeUInt32BE(TIME_TO_LIVE_SECONDS, 6);
    record.writeUInt16BE(4, 10);
    record.writeUInt32BE(address, 12);
    return record;
  });
  return Buffer.concat([header, question.bytes, ...records]);
}
