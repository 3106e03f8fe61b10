import { decodeMultiple } from 'cbor-x';
import test from 'ava';
import fc from 'fast-check';
import { EventWriter } from '../../formats/event-writer.js';

const decoded = (payload: Uint8Array): unknown[] => decodeMultiple(Buffer.from(payload)) as unknown[];
const u32 = fc.integer({ min: 0, max: 0xffffffff });

test('each event reads back as the specification writes it', (t) => {
  const events = new EventWriter(5);
  const ten = new Uint8Array(10).fill(1);
  events.portRead(0x3f8, 1, 0x41);
  events.mmioRead(0xfee00030, 4, 0x50014);
  events.tsc(0x89abcdef, 0x1234567);
  events.cpuid(1, 0, [1, 2, 3, 0xffffffff]);
  events.msr(0x1b, 0xfee00900, 0);
  events.random(-1);
  events.flagsImage(0x246);
  events.x87(0xd9fe, ten, ten, 0x3800);
  events.x87Environment([0x37f, 0, 0xffff, 0, 0, 0, 0, 0, 0xffff]);
  events.x87Status(0x3801);
  events.interrupt(7, 48, 0xc1000000, 0x246, 3);
  events.exception(7, 14, 0x8048000, 0x10246, 6, 0xbfff0000);
  events.softwareInterrupt(10, 128, 0x8048002, 0x246);
  events.dma(10, 0x1000, Uint8Array.of(1, 2), null);
  events.keyframeMark(11, 1, null);
  events.check(12, 0x10, 0x2, [1, 2, 3, 4, 5, 6, 7, 8], null);
  events.end(12, null);
  const copy = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
  t.deepEqual(decoded(events.take()), [
    5,
    [1, 0x3f8, 1, 0x41],
    [2, 0xfee00030, 4, 0x50014],
    [3, 0x123456789abcdefn],
    [4, 1, 0, 1, 2, 3, 0xffffffff],
    [5, 0x1b, 0xfee00900],
    [6, 0xffffffff],
    [7, 0x246],
    [8, 0xd9fe, copy(ten), copy(ten), 0x3800],
    [9, 0x37f, 0, 0xffff, 0, 0, 0, 0, 0, 0xffff],
    [10, 0x3801],
    [16, 2, 48, 0xc1000000, 0x246, 3],
    [17, 0, 14, 0x8048000, 0x10246, 6, 0xbfff0000],
    [18, 3, 128, 0x8048002, 0x246],
    [19, 0, 0x1000, copy(Uint8Array.of(1, 2)), null],
    [20, 1, 1, null],
    [22, 1, 0x10, 0x2, [1, 2, 3, 4, 5, 6, 7, 8], null, 2166136261],
    [21, 0, null],
  ]);
  t.is(events.count, 17);
});

test('positions are differences, also across frames and beyond 32 bits', (t) => {
  fc.assert(
    fc.property(fc.array(fc.record({ delta: fc.nat(2 ** 40), eip: u32, cut: fc.boolean() })), (steps) => {
      const events = new EventWriter(0);
      const payloads: Uint8Array[] = [];
      let position = 0;
      const expected: number[] = [];
      for (const { delta, eip, cut } of steps) {
        position += delta;
        expected.push(position);
        events.interrupt(position, 32, eip, 2, null);
        if (cut) payloads.push(events.take());
      }
      payloads.push(events.take());
      const got: number[] = [];
      for (const payload of payloads) {
        const [base, ...items] = decoded(payload) as [number | bigint, ...[number, number | bigint][]];
        let at = Number(base);
        for (const item of items) got.push((at += Number(item[1])));
      }
      t.deepEqual(got, expected);
    }),
  );
});

test('positions never go back', (t) => {
  const events = new EventWriter(0);
  events.interrupt(10, 32, 0, 2, null);
  t.throws(() => events.interrupt(9, 32, 0, 2, null));
});

test('a check has the digest of the events since the one before, whatever frames they are in', (t) => {
  const fnv1a = (bytes: Uint8Array): number =>
    bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 16777619) >>> 0, 2166136261);
  const encoded = (write: (events: EventWriter) => void): Buffer => {
    const events = new EventWriter(0);
    write(events);
    return Buffer.from(events.take().subarray(1));
  };
  const parts: ((events: EventWriter) => void)[] = [
    (e) => e.tsc(7, 1),
    (e) => e.portRead(0x60, 1, 3),
    (e) => e.interrupt(9, 32, 1, 2, null),
  ];
  const expected = fnv1a(Buffer.concat(parts.map(encoded)));
  for (const cut of [false, true]) {
    const events = new EventWriter(0);
    events.check(0, 0, 0, new Array<number>(8).fill(0), null);
    for (const part of parts) {
      part(events);
      if (cut) events.take();
    }
    events.check(10, 0, 0, new Array<number>(8).fill(0), null);
    t.is((decoded(events.take()).at(-1) as number[])[6], expected);
  }
});
