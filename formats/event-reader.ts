/**
 * Reads the payload of one `events` frame (docs/formats/relog.md). To move from event to event takes no memory and
 * checks everything that the format asks of them; only an event that is wanted is decoded.
 */
import { EVENT_LAYOUT, type FieldType, type RelogEvent } from './event-layout.js';
import { EVENT, EVENT_NAME } from './events.js';
import { ShapeError } from './shape.js';

const KINDS = 256;
const MAX_FIELDS = 16;
const NULL = 0xf6;
const GPR_COUNT = 8;
/** Integers below are their own heads. */
const ONE_BYTE = 24;

/** Codes of field types. Those of `u8`, `u16` and `u32` are their widths in bytes. */
const CODE: Record<FieldType, number> = {
  ...{ u8: 1, u16: 2, u32: 4, u64: 5, width: 6, optional: 7 },
  ...{ bytes: 8, st: 9, xmm: 10, gpr: 11 },
};
/** Exact sizes of byte strings, by code. */
const SIZE = { [CODE.st]: 10, [CODE.xmm]: 16 } as Record<number, number>;

/** Bytes that an unsigned integer takes, by its first byte; 0 where none begins. */
const UINT_BYTES = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 24 ? 1 : byte <= 27 ? 1 + (1 << (byte - 24)) : 0,
);

/** Of an integer in its shortest form the bytes it takes, by code of the field and first byte; 0 for all the rest. */
const STEP = new Uint8Array(16 << 8);
for (const [code, widest] of [
  [CODE.u8, 2],
  [CODE.u16, 3],
  [CODE.u32, 5],
  [CODE.u64, 9],
  [CODE.optional, 5],
] as const) {
  for (let byte = 0; byte < 256; byte++) STEP[(code << 8) | byte] = UINT_BYTES[byte]! <= widest ? UINT_BYTES[byte]! : 0;
}
STEP[(CODE.optional << 8) | NULL] = 1;

const HEAD = new Uint8Array(KINDS);
const CODES = new Uint8Array(KINDS * MAX_FIELDS);
for (const [kind, name] of EVENT_NAME) {
  const fields = EVENT_LAYOUT[name];
  HEAD[kind] = 0x80 | (fields.length + (kind >= EVENT.interrupt ? 2 : 1));
  fields.forEach(([, type], i) => (CODES[kind * MAX_FIELDS + i] = CODE[type]));
}

/** Wanted: every kind. */
const EVERY_KIND = new Uint8Array(KINDS).fill(1);

/** A table for {@link EventReader.next}: 1 for each of these kinds. */
export function kindTable(kinds: Iterable<number>): Uint8Array {
  const table = new Uint8Array(KINDS);
  for (const kind of kinds) table[kind] = 1;
  return table;
}

export class EventReader {
  /** Position that the first delta counts from. */
  readonly base: number;
  /** Of the current event. */
  kind = 0;
  /** Of the current event; of a synchronous one, that of the positioned event before it in the frame, or the base. */
  position: number;
  /** Where the current event is in the payload, and where the bytes of its fields begin. */
  start = 0;
  fields = 0;
  /** Where the next event begins. */
  end: number;
  /** Events stepped over so far, the current one included. */
  count = 0;
  /** The `end` event was among those stepped over. */
  ended = false;

  /**
   * @param payload of an `events` frame; must not change while it is read
   * @throws ShapeError when it does not begin with a position
   */
  constructor(readonly payload: Uint8Array) {
    const size = UINT_BYTES[payload[0] ?? 0xff]!;
    if (size === 0 || size > payload.length) throw new ShapeError('an events frame does not begin with a position');
    this.base = this.argument(0);
    if (!Number.isSafeInteger(this.base)) throw new ShapeError('a position is beyond 2^53 - 1');
    this.position = this.base;
    this.end = size;
  }

  /**
   * Moves to the next event of a wanted kind.
   * @param wanted by kind, 1 for those to stop at
   * @returns false at the end of the frame
   * @throws ShapeError at the first event that breaks the format's rules, wanted or not
   */
  next(wanted: Uint8Array = EVERY_KIND): boolean {
    const { payload } = this;
    const { length } = payload;
    let at = this.end;
    let { position, count, ended } = this;
    while (at < length) {
      const start = at;
      let kind = payload[at + 1]!;
      if (payload[at] === HEAD[kind] && kind < ONE_BYTE) at += 2;
      else {
        // Either no event at all, or one whose head or kind takes more than a byte.
        at = this.oddHead(start);
        kind = this.kind;
      }
      if (ended) this.fail(start);
      if (kind >= EVENT.interrupt) {
        const size = UINT_BYTES[payload[at] ?? 0xff]!;
        if (size === 1) position += payload[at]!;
        else if (size === 0 || at + size > length) this.fail(start);
        else position += this.argument(at);
        if (position > Number.MAX_SAFE_INTEGER) this.fail(start);
        at += size;
        if (kind === EVENT.end) this.ended = ended = true;
      }
      const fields = at;
      if (kind <= EVENT.mmioRead) {
        const size = STEP[((2 * kind) << 8) | payload[at]!]!; // A u16 or a u32: its code is 2 or 4.
        const value = size === 0 ? 0 : STEP[(payload[at + size]! << 8) | payload[at + size + 1]!]!;
        // Codes beyond that of a u32 are no widths.
        if (value !== 0 && payload[at + size]! <= CODE.u32) at += size + 1 + value;
        else at = this.access(this.other(at, 2 * kind, start), start);
      } else {
        // Every kind has a field, and a 0 after its last.
        let i = kind * MAX_FIELDS;
        let code = CODES[i]!;
        do {
          const size = STEP[(code << 8) | payload[at]!]!;
          at = size !== 0 ? at + size : this.other(at, code, start);
          code = CODES[++i]!;
        } while (code !== 0);
      }
      if (at > length) this.fail(start);
      count++;
      if (wanted[kind] === 1) {
        this.kind = kind;
        this.position = position;
        this.start = start;
        this.fields = fields;
        this.end = at;
        this.count = count;
        return true;
      }
    }
    this.position = position;
    this.start = this.end = at;
    this.count = count;
    return false;
  }

  /** The first field of the current event, of a kind whose first field is an integer: a port, an address, a vector. */
  first(): number {
    return this.argument(this.fields);
  }

  /** The current event. Byte strings are views of the payload. */
  read(): RelogEvent {
    return this.readAt(this.kind, this.position, this.fields);
  }

  /** An event that was stepped over before, from what `kind`, `position` and `fields` were then. */
  readAt(kind: number, position: number, fields: number): RelogEvent {
    const name = EVENT_NAME.get(kind)!;
    const event: Record<string, unknown> = { kind: name, position };
    let at = fields;
    for (const [field, type] of EVENT_LAYOUT[name]) {
      const byte = this.payload[at]!;
      if (type === 'optional' && byte === NULL) {
        event[field] = null;
        at += 1;
      } else if (type === 'bytes' || type === 'st' || type === 'xmm') {
        const from = at + UINT_BYTES[byte & 0x1f]!;
        at = from + this.argument(at);
        event[field] = this.payload.subarray(from, at);
      } else if (type === 'gpr') {
        at += UINT_BYTES[byte & 0x1f]!;
        event[field] = Array.from({ length: GPR_COUNT }, () => {
          const value = this.argument(at);
          at += UINT_BYTES[this.payload[at]!]!;
          return value;
        });
      } else {
        event[field] = type === 'u64' ? this.long(at) : this.argument(at);
        at += UINT_BYTES[byte]!;
      }
    }
    return event as unknown as RelogEvent;
  }

  /** Array head and kind in another than the shortest form; returns where the items behind them begin. */
  private oddHead(start: number): number {
    const { payload } = this;
    const headBytes = payload[start]! >> 5 === 4 ? UINT_BYTES[payload[start]! & 0x1f]! : 0;
    const at = start + headBytes;
    const kindBytes = UINT_BYTES[payload[at] ?? 0xff]!;
    if (headBytes === 0 || kindBytes === 0 || at + kindBytes > payload.length) this.fail(start);
    const kind = this.argument(at);
    if (kind >= KINDS || HEAD[kind] === 0 || this.argument(start) !== (HEAD[kind]! & 0x1f)) this.fail(start);
    this.kind = kind;
    return at + kindBytes;
  }

  /** Width and value of a read, in whatever form; returns where they end. */
  private access(at: number, start: number): number {
    const afterWidth = this.oddUint(at, 4, start);
    const width = this.argument(at);
    if (width !== 1 && width !== 2 && width !== 4) this.fail(start);
    return this.oddUint(afterWidth, 2 ** (8 * width) - 1, start);
  }

  /** Any field that is not an integer in its shortest form; returns where it ends. */
  private other(at: number, code: number, start: number): number {
    if (code <= CODE.u32) return this.oddUint(at, 2 ** (8 * code) - 1, start);
    if (code === CODE.optional) return this.oddUint(at, 0xffffffff, start);
    const byte = this.payload[at] ?? 0xff;
    const headBytes = UINT_BYTES[byte & 0x1f]!;
    if (code === CODE.u64 || headBytes === 0 || at + headBytes > this.payload.length) this.fail(start);
    if (code === CODE.gpr) {
      if (byte >> 5 !== 4 || this.argument(at) !== GPR_COUNT) this.fail(start);
      let next = at + headBytes;
      for (let i = 0; i < GPR_COUNT; i++) {
        const size = STEP[(CODE.u32 << 8) | this.payload[next]!]!;
        next = size !== 0 ? next + size : this.oddUint(next, 0xffffffff, start);
      }
      return next;
    }
    const size = this.argument(at);
    const exact = SIZE[code];
    if (byte >> 5 !== 2 || (exact !== undefined && size !== exact)) this.fail(start);
    if (size > this.payload.length - at - headBytes) this.fail(start);
    return at + headBytes + size;
  }

  /** An integer in whatever form; returns where it ends. */
  private oddUint(at: number, most: number, start: number): number {
    const size = UINT_BYTES[this.payload[at] ?? 0xff]!;
    if (size === 0 || at + size > this.payload.length || this.argument(at) > most) this.fail(start);
    return at + size;
  }

  private fail(at: number): never {
    throw new ShapeError(`there is no valid event at byte ${at} of an events frame`);
  }

  /** The argument of the head at `at` (RFC 8949, 3), an integer's value; above 2^53 rounded. */
  private argument(at: number): number {
    const { payload } = this;
    const info = payload[at]! & 0x1f;
    if (info < 24) return info;
    if (info === 24) return payload[at + 1]!;
    if (info === 25) return payload[at + 1]! * 0x100 + payload[at + 2]!;
    const high = this.word(at + 1);
    return info === 26 ? high : high * 0x100000000 + this.word(at + 5);
  }

  /** Big-endian. */
  private word(at: number): number {
    const { payload } = this;
    return ((payload[at]! << 24) | (payload[at + 1]! << 16) | (payload[at + 2]! << 8) | payload[at + 3]!) >>> 0;
  }

  private long(at: number): bigint {
    if (this.payload[at] !== 27) return BigInt(this.argument(at));
    return (BigInt(this.word(at + 1)) << 32n) | BigInt(this.word(at + 5));
  }
}
