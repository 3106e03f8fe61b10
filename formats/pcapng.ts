/** Blocks of a pcapng file, the format of network captures (draft-ietf-opsawg-pcapng, sections 3 and 4). */

const BLOCK = { section: 0x0a0d0d0a, interface: 1, packet: 6 } as const;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const LENGTH_UNKNOWN = 0xffffffffffffffffn;
const LINK_ETHERNET = 1;
const OPTION = { end: 0, comment: 1, application: 4, name: 2, packetFlags: 2, description: 3, resolution: 9 } as const;
/** Timestamps are in nanoseconds: 10 to the minus 9. */
const NANOSECONDS = 9;
/** epb_flags, bits 0 and 1, as the interface sees it. */
const DIRECTION = { in: 1, out: 2 } as const;

type Option = [code: number, value: Buffer];

/** @param application that writes the file */
export function sectionHeader(application: string): Buffer {
  const body = Buffer.alloc(16);
  body.writeUInt32LE(BYTE_ORDER_MAGIC, 0);
  body.writeUInt16LE(1, 4);
  body.writeUInt16LE(0, 6);
  body.writeBigUInt64LE(LENGTH_UNKNOWN, 8);
  return block(BLOCK.section, body, [[OPTION.application, Buffer.from(application)]]);
}

/** An Ethernet interface; packets name it by its number, from 0 in the order of the file. */
export function interfaceDescription(name: string, description: string): Buffer {
  const body = Buffer.alloc(8);
  body.writeUInt16LE(LINK_ETHERNET, 0);
  // Snapshot length 0: frames are whole.
  return block(BLOCK.interface, body, [
    [OPTION.name, Buffer.from(name)],
    [OPTION.description, Buffer.from(description)],
    [OPTION.resolution, Buffer.of(NANOSECONDS)],
  ]);
}

export interface Packet {
  /** Seen from the interface: `in` arrives there. */
  direction: keyof typeof DIRECTION;
  /** Nanoseconds since 1970. */
  time: bigint;
  comment: string;
  frame: Uint8Array;
}

/** A frame at interface 0. */
export function enhancedPacket({ direction, time, comment, frame }: Packet): Buffer {
  const body = Buffer.alloc(20 + padded(frame.length));
  body.writeUInt32LE(Number(time >> 32n), 4);
  body.writeUInt32LE(Number(time & 0xffffffffn), 8);
  body.writeUInt32LE(frame.length, 12);
  body.writeUInt32LE(frame.length, 16);
  body.set(frame, 20);
  const flags = Buffer.alloc(4);
  flags.writeUInt32LE(DIRECTION[direction]);
  return block(BLOCK.packet, body, [
    [OPTION.comment, Buffer.from(comment)],
    [OPTION.packetFlags, flags],
  ]);
}

function block(type: number, body: Buffer, options: readonly Option[]): Buffer {
  const parts = options.map(([code, value]) => {
    const option = Buffer.alloc(4 + padded(value.length));
    option.writeUInt16LE(code, 0);
    option.writeUInt16LE(value.length, 2);
    value.copy(option, 4);
    return option;
  });
  const endOfOptions = Buffer.alloc(4);
  const content = Buffer.concat([body, ...parts, endOfOptions]);
  const header = Buffer.alloc(8);
  header.writeUInt32LE(type, 0);
  header.writeUInt32LE(content.length + 12, 4);
  return Buffer.concat([header, content, header.subarray(4)]);
}

/** To whole words of 32 bits. */
function padded(length: number): number {
  return (length + 3) & ~3;
}
