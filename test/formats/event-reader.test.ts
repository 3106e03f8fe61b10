import test from 'ava';
import fc from 'fast-check';
import { encode } from '../../formats/cbor.js';
import { EVENT_LAYOUT, type RelogEvent } from '../../formats/event-layout.js';
import { EventReader, kindTable } from '../../formats/event-reader.js';
import { EventWriter } from '../../formats/event-writer.js';
import { EVENT, type EventName } from '../../formats/events.js';
import { ShapeError } from '../../formats/shape.js';
import { anyEvents, writeEvent } from '../support/events.js';

function readAll(payload: Uint8Array, wanted?: Uint8Array): RelogEvent[] {
  const reader = new EventReader(payload);
  const events: RelogEvent[] = [];
  while (reader.next(wanted)) events.push(reader.read());
  return events;
}

/** Plain bytes, so that views and copies of the same bytes are equal. */
function plain(event: RelogEvent): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(event).map(([name, value]) => [name, value instanceof Uint8Array ? [...value] : value]),
  );
}

test('what the writer writes is read back, whatever frames it is in', (t) => {
  fc.assert(
    fc.property(anyEvents(), fc.nat(5), (events, frameEvery) => {
      const writer = new EventWriter(7);
      const got: RelogEvent[] = [];
      const take = (): number => got.push(...readAll(writer.take()));
      for (const [i, event] of events.entries()) {
        writeEvent(writer, event);
        if (frameEvery > 0 && i % frameEvery === 0) take();
      }
      take();
      t.deepEqual(got.map(plain), events.map(plain));
    }),
  );
});

test('only wanted kinds are stopped at, and where they are is known', (t) => {
  const names = Object.keys(EVENT) as EventName[];
  fc.assert(
    fc.property(anyEvents(), fc.subarray(names), (events, chosen) => {
      const writer = new EventWriter(7);
      for (const event of events) writeEvent(writer, event);
      const got = readAll(writer.take(), kindTable(chosen.map((name) => EVENT[name])));
      t.deepEqual(got.map(plain), events.filter(({ kind }) => chosen.includes(kind)).map(plain));
    }),
  );
});

test('the bytes of an event and its first field are where the reader says', (t) => {
  const writer = new EventWriter(0);
  writer.portRead(0x3f8, 1, 0x41);
  writer.dma(300, 0x12345678, Uint8Array.of(1, 2, 3), null);
  const reader = new EventReader(writer.take());
  t.true(reader.next());
  t.deepEqual([...reader.payload.subarray(reader.start, reader.end)], [...encode([1, 0x3f8, 1, 0x41])]);
  t.is(reader.first(), 0x3f8);
  t.true(reader.next());
  t.is(reader.first(), 0x12345678);
  t.is(reader.position, 300);
  t.false(reader.next());
  t.is(reader.count, 2);
});

const head = (major: number, value: number, width: 0 | 1 | 2 | 4 | 8): Buffer => {
  if (width === 0) return Buffer.of((major << 5) | value);
  const bytes = Buffer.alloc(1 + width);
  bytes[0] = (major << 5) | (24 + Math.log2(width));
  if (width === 8) bytes.writeBigUInt64BE(BigInt(value), 1);
  else bytes.writeUIntBE(value, 1, width);
  return bytes;
};
const uint = (value: number, width: 0 | 1 | 2 | 4 | 8): Buffer => head(0, value, width);
const frame = (...items: Buffer[]): Buffer => Buffer.concat([uint(0, 0), ...items]);

test('heads need not be in their shortest form', (t) => {
  const registers = Array.from({ length: 8 }, (_, i) => uint(i, 8));
  const payload = frame(
    ...[head(4, 4, 1), uint(1, 1), uint(0x60, 8), uint(1, 2), uint(7, 4)],
    ...[head(4, 5, 8), uint(EVENT.dma, 2), uint(9, 2), uint(0x1000, 8), head(2, 1, 4), Buffer.of(5), uint(3, 8)],
    ...[head(4, 7, 0), uint(EVENT.check, 0), uint(0, 8), uint(1, 8), uint(2, 8), head(4, 8, 1), ...registers],
    ...[Buffer.of(0xf6), uint(9, 8)],
  );
  t.deepEqual(readAll(payload).map(plain), [
    { kind: 'portRead', position: 0, port: 0x60, size: 1, value: 7 },
    { kind: 'dma', position: 9, address: 0x1000, data: [5], rep: 3 },
    { kind: 'check', position: 9, eip: 1, eflags: 2, gpr: [0, 1, 2, 3, 4, 5, 6, 7], rep: null, digest: 9 },
  ]);
});

test('what the writer computes, or never writes, is read', (t) => {
  const writer = new EventWriter(1);
  const registers = [1, 2, 3, 4, 5, 6, 7, 0xffffffff];
  writer.check(300, 0xc0000000, 0x246, registers, 5);
  writer.end(301, null);
  t.deepEqual(readAll(writer.take()), [
    { kind: 'check', position: 300, eip: 0xc0000000, eflags: 0x246, gpr: registers, rep: 5, digest: 2166136261 },
    { kind: 'end', position: 301, rep: null },
  ]);
  const value = Buffer.alloc(16, 3);
  const state = encode({ eip: 1 });
  const others = frame(encode1([EVENT.sseApproximation, 0x0f53, value]), encode1([EVENT.state, 9, state]));
  t.deepEqual(readAll(others).map(plain), [
    { kind: 'sseApproximation', position: 0, opcode: 0x0f53, value: [...value] },
    { kind: 'state', position: 9, state: [...state] },
  ]);
});

const ten = Buffer.alloc(10);
const WRONG: [string, Buffer][] = [
  ['a kind that does not exist', frame(encode1([12, 0]))],
  ['a kind that is no number', frame(encode1(['1', 0]))],
  ['an item too few', frame(encode1([EVENT.portRead, 1, 1]))],
  ['an item too many', frame(encode1([EVENT.tsc, 1, 1]))],
  ['a map', frame(encode1({ 1: 2 }))],
  ['an array without end', frame(Buffer.of(0x9f, 3, 1, 0xff))],
  ['a port beyond 16 bits', frame(encode1([EVENT.portRead, 0x10000, 1, 0]))],
  ['a port beyond 16 bits, long form', frame(head(4, 4, 0), uint(1, 0), uint(0x10000, 8), uint(1, 0), uint(1, 0))],
  ['a width of 3', frame(encode1([EVENT.portRead, 1, 3, 0]))],
  ...[5, 6, 7, 8, 9, 24].map((width): [string, Buffer] => [
    `a width of ${width}`,
    frame(encode1([EVENT.portRead, 1, width, 0])),
  ]),
  ['a width of 0', frame(encode1([EVENT.mmioRead, 1, 0, 0]))],
  ['a value wider than its width', frame(encode1([EVENT.portRead, 1, 1, 0x100]))],
  ['a value wider than its width of 2', frame(encode1([EVENT.mmioRead, 1, 2, 0x10000]))],
  ['a value beyond 32 bits', frame(encode1([EVENT.random, 2 ** 32]))],
  ['a negative number', frame(encode1([EVENT.tsc, -1]))],
  ['text where a number belongs', frame(encode1([EVENT.tsc, 'x']))],
  ['bytes where a number belongs', frame(encode1([EVENT.tsc, Buffer.of(1)]))],
  ['null where a number belongs', frame(encode1([EVENT.random, null]))],
  ['a register of 9 bytes', frame(encode1([EVENT.x87, 1, ten.subarray(1), ten, 0]))],
  ['an SSE register of 10 bytes', frame(encode1([EVENT.sseApproximation, 1, ten]))],
  ['a vector beyond 8 bits', frame(encode1([EVENT.interrupt, 0, 256, 0, 0, null]))],
  ['false where null may be', frame(encode1([EVENT.interrupt, 0, 1, 0, 0, false]))],
  ['seven registers', frame(encode1([EVENT.check, 0, 0, 0, [1, 2, 3, 4, 5, 6, 7], null, 0]))],
  ['a register beyond 32 bits', frame(encode1([EVENT.check, 0, 0, 0, [1, 2, 3, 4, 5, 6, 7, 2 ** 32], null, 0]))],
  ['data longer than the frame', frame(head(4, 5, 0), uint(EVENT.dma, 0), uint(0, 0), uint(0, 0), head(2, 2 ** 31, 4))],
  ['a position beyond 2^53', frame(head(4, 3, 0), uint(EVENT.end, 0), Buffer.from('1bffffffffffffffff', 'hex'), ten)],
  ['an event after the end', frame(encode1([EVENT.end, 0, null]), encode1([EVENT.tsc, 1]))],
];

function encode1(item: unknown): Buffer {
  return Buffer.from(encode(item));
}

for (const [what, payload] of WRONG) {
  test(`refused, wanted or not: ${what}`, (t) => {
    const error = { instanceOf: ShapeError, message: /no valid event at byte \d+/ };
    t.throws(() => readAll(payload), error);
    t.throws(() => readAll(payload, kindTable([])), error);
  });
}

test('refused: no position at the beginning', (t) => {
  for (const bytes of [[], [0x80], [0x19, 1], [0x1b, 0xff, 0, 0, 0, 0, 0, 0, 0]]) {
    t.throws(() => new EventReader(Uint8Array.from(bytes)), { instanceOf: ShapeError });
  }
});

test('every prefix of a frame that ends within an event is refused, and any change of it does no worse', (t) => {
  fc.assert(
    fc.property(anyEvents(), fc.nat(), fc.nat(255), (events, place, byte) => {
      const writer = new EventWriter(0);
      const ends = new Set<number>();
      for (const event of events) {
        ends.add(writer.bytes);
        writeEvent(writer, event);
      }
      ends.add(writer.bytes);
      const payload = writer.take();
      const length = 1 + (place % payload.length);
      if (ends.has(length)) t.notThrows(() => readAll(payload.subarray(0, length)));
      else t.throws(() => readAll(payload.subarray(0, length)), { instanceOf: ShapeError });
      payload[place % payload.length] = byte;
      try {
        readAll(payload);
      } catch (error) {
        t.true(error instanceof ShapeError, String(error));
      }
    }),
  );
});

test('the table of fields has every kind', (t) => {
  t.deepEqual(Object.keys(EVENT_LAYOUT).sort(), Object.keys(EVENT).sort());
});
