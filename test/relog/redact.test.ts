/** The parts of `redact` that can be looked at without running anything. */
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import type { RelogEvent } from '../../formats/event-layout.js';
import { EventReader } from '../../formats/event-reader.js';
import { EventWriter } from '../../formats/event-writer.js';
import { buildFrame, ETHER_TYPE } from '../../network/ethernet.js';
import { buildIpv4, parseIpv4, PROTOCOL } from '../../network/ipv4.js';
import { buildSegment, parseSegment, TCP_FLAG } from '../../network/tcp/segment.js';
import { buildUdp, parseUdp } from '../../network/udp.js';
import { findCulprits } from '../../relog/redact/culprits.js';
import { FILLER, textFiller } from '../../relog/redact/filler.js';
import { fillEvents } from '../../relog/redact/filled-events.js';
import { Finder, type Channels } from '../../relog/redact/find.js';
import { OwnValues } from '../../relog/redact/own-values.js';
import { byArrival, type Payload } from '../../relog/redact/payload.js';
import { Remains } from '../../relog/redact/remains.js';
import { anyEvents, writeEvent } from '../support/events.js';

const SERIAL = { serial: true, network: false };
const NETWORK = { serial: false, network: true };
const [SOURCE, DESTINATION] = [0x0a000202, 0x0a00020f];
const CARD_PORT = 0xc010;

function find(payload: Uint8Array, channels: Channels): Payload[] {
  const found: Payload[] = [];
  const finder = new Finder(channels, (each) => found.push(each));
  finder.frame(new EventReader(payload));
  finder.end();
  return found.sort(byArrival);
}

function eventsOf(payload: Uint8Array): RelogEvent[] {
  const reader = new EventReader(payload);
  const events: RelogEvent[] = [];
  while (reader.next()) events.push(reader.read());
  return events;
}

/** A frame as a card hands it over. */
function frameOf(protocol: 'tcp' | 'udp', data: Buffer): Buffer {
  const ports = { sourcePort: 80, destinationPort: 40_000 };
  const segment = { ...ports, seq: 1, ack: 2, flags: TCP_FLAG.ack, window: 512, mss: null, scale: null, data };
  const payload =
    protocol === 'tcp' ? buildSegment(segment, SOURCE, DESTINATION) : buildUdp({ ...ports, data }, SOURCE, DESTINATION);
  const packet = buildIpv4({ source: SOURCE, destination: DESTINATION, protocol: PROTOCOL[protocol], payload });
  const mac = Buffer.from('525400123456', 'hex');
  return buildFrame({ destination: mac, source: mac, type: ETHER_TYPE.ipv4, payload: packet });
}

/** What a frame carries, if all its checksums are right. */
function dataOf(frame: Buffer): Buffer | null {
  const packet = parseIpv4(frame.subarray(14));
  if (packet === null) return null;
  const parse = packet.protocol === PROTOCOL.tcp ? parseSegment : parseUdp;
  return parse(packet.payload, SOURCE, DESTINATION)?.data ?? null;
}

const data = fc
  .oneof(fc.uint8Array({ minLength: 1, maxLength: 1400 }), fc.uint8Array({ minLength: 1, maxLength: 6 }))
  .map((bytes) => Buffer.from(bytes));
const protocol = fc.constantFrom('tcp' as const, 'udp' as const);

/** All but the checksum of TCP or UDP, and the payload. */
function headersOf(frame: Buffer, kind: 'tcp' | 'udp', dataLength: number): Buffer {
  const copy = Buffer.from(frame);
  copy.fill(0, 14 + 20 + (kind === 'tcp' ? 20 : 8), 14 + 20 + (kind === 'tcp' ? 20 : 8) + dataLength);
  copy.writeUInt16BE(0, 14 + 20 + (kind === 'tcp' ? 16 : 6));
  return copy;
}

test('packets that came by DMA: fillers, the same headers, right checksums', (t) => {
  const one = fc.record({ protocol, data, before: fc.uint8Array({ maxLength: 40 }) });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 4 }), (packets) => {
      const writer = new EventWriter(3);
      for (const [i, each] of packets.entries()) {
        writer.tsc(i, 0);
        writer.dma(10 * i + 5, 0x1000, Buffer.concat([each.before, frameOf(each.protocol, each.data)]), null);
      }
      const payload = writer.take();
      const filled = eventsOf(fillEvents(payload, 0, find(payload, NETWORK)));
      const blobs = filled.flatMap((event) => (event.kind === 'dma' ? [Buffer.from(event.data)] : []));
      t.is(blobs.length, packets.length);
      for (const [i, each] of packets.entries()) {
        const frame = frameOf(each.protocol, each.data);
        const got = blobs[i]!.subarray(each.before.length);
        t.deepEqual(blobs[i]!.subarray(0, each.before.length), Buffer.from(each.before));
        t.deepEqual(dataOf(got), Buffer.alloc(each.data.length, FILLER));
        t.deepEqual(headersOf(got, each.protocol, each.data.length), headersOf(frame, each.protocol, each.data.length));
      }
    }),
  );
});

test('packets read from a port, in pieces of any width, with events between them', (t) => {
  const reads = fc.array(fc.record({ width: fc.constantFrom(1, 2, 4), between: fc.boolean() }), { minLength: 1 });
  fc.assert(
    fc.property(protocol, data, fc.nat(5), reads, (kind, carried, junk, steps) => {
      const frame = frameOf(kind, carried);
      const stream = Buffer.concat([Buffer.alloc(junk, 1), frame, frame, Buffer.alloc(8)]);
      const writer = new EventWriter(0);
      let at = 0;
      for (let i = 0; at + 4 <= stream.length; i++) {
        const { width, between } = steps[i % steps.length]!;
        writer.portRead(CARD_PORT, width, stream.readUIntLE(at, width));
        at += width;
        if (between) writer.portRead(0xc007, 1, 0x41);
      }
      const payload = writer.take();
      const found = find(payload, NETWORK);
      t.deepEqual(
        found.map(({ source, length, peer }) => ({ source, length, peer })),
        Array.from({ length: 2 }, () => ({ source: 'port c010h', length: carried.length, peer: '10.0.2.2:80' })),
      );
      const read = (bytes: Uint8Array): Buffer =>
        Buffer.concat(
          eventsOf(bytes).map((event) => {
            const piece = Buffer.alloc(event.kind === 'portRead' && event.port === CARD_PORT ? event.size : 0);
            if (event.kind === 'portRead' && piece.length > 0) piece.writeUIntLE(event.value, 0, piece.length);
            return piece;
          }),
        );
      t.deepEqual(read(payload), stream.subarray(0, at));
      for (const chosen of [found, [found[1]!]]) {
        const filled = read(fillEvents(payload, 0, chosen));
        const [first, second] = [junk, junk + frame.length].map((from) => filled.subarray(from, from + frame.length));
        t.deepEqual(dataOf(second!), Buffer.alloc(carried.length, FILLER));
        t.deepEqual(dataOf(first!), chosen === found ? Buffer.alloc(carried.length, FILLER) : carried);
      }
    }),
  );
});

test('the head of a text protocol is another payload than what follows', (t) => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n';
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), protocol, (body, kind) => {
      const whole = Buffer.concat([Buffer.from(head), body]);
      const writer = new EventWriter(0);
      writer.dma(5, 0, frameOf(kind, whole), null);
      const payload = writer.take();
      const found = find(payload, NETWORK);
      t.deepEqual(
        found.map(({ length }) => length).sort((a, b) => a - b),
        [head.length, body.length].sort((a, b) => a - b),
      );
      const [first, second] = found[0]!.length === head.length ? found : [found[1]!, found[0]!];
      const after = (...chosen: Payload[]): Buffer | null => {
        const [event] = eventsOf(fillEvents(payload, 0, chosen));
        return event?.kind === 'dma' ? dataOf(Buffer.from(event.data)) : null;
      };
      if (body.length === head.length) return;
      const fillers = (length: number): Buffer => Buffer.alloc(length, FILLER);
      t.deepEqual(after(second!), Buffer.concat([Buffer.from(head), fillers(body.length)]));
      t.deepEqual(after(first!), Buffer.concat([fillers(head.length), body]));
      t.deepEqual(after(...found), fillers(whole.length));
    }),
  );
});

test('what only looks like a packet is left alone', (t) => {
  const frame = frameOf('tcp', Buffer.from('some text'));
  for (const spoilt of [20, 24, 34, 50, 58]) {
    const wrong = Buffer.from(frame);
    wrong[spoilt]! ^= 0x10;
    const writer = new EventWriter(0);
    writer.dma(5, 0, wrong, null);
    // Another device's port.
    for (const byte of frame) writer.portRead(0x1f0, 1, byte);
    t.deepEqual(find(writer.take(), NETWORK), [], `byte ${spoilt}`);
  }
});

function typed(writer: EventWriter, text: string): void {
  for (const byte of Buffer.from(text)) {
    writer.portRead(0x3fd, 1, 0x61);
    writer.portRead(0x3f8, 1, byte);
  }
}

function readBack(t: ExecutionContext, payload: Uint8Array): string {
  const reads = eventsOf(payload).flatMap((event) =>
    event.kind === 'portRead' && event.port === 0x3f8 ? [event.value] : [],
  );
  t.true(reads.length > 0);
  return Buffer.from(reads).toString();
}

test('serial lines: one by one, without what ends them', (t) => {
  const writer = new EventWriter(0);
  typed(writer, 'first 1\nSecond, zwölf\r');
  writer.portRead(0x3fd, 1, 0x60);
  writer.portRead(0x3f8, 1, 0x41); // nothing was there: half of the divisor
  typed(writer, '\x1b[24~\n');
  const payload = writer.take();
  const lines = find(payload, SERIAL);
  t.deepEqual(
    lines.map(({ source, kind, length }) => ({ source, kind, length })),
    [7, 14, 4].map((length) => ({ source: 'uart0', kind: 'line', length })),
  );
  t.is(readBack(t, fillEvents(payload, 0, lines)), 'xxxxx 0\nxxxxxx, xxØxx\rA\x1b[00~\n');
  t.is(readBack(t, fillEvents(payload, 0, [lines[1]!])), 'first 1\nxxxxxx, xxØxx\rA\x1b[24~\n');
  t.is(fillEvents(payload, 0, []), payload);
});

test('text stays text of the same length', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const bytes = Buffer.from(text);
      const filled = Buffer.from(bytes.map(textFiller));
      t.deepEqual(Buffer.from(filled.map(textFiller)), filled);
      // Valid UTF-8 stays valid.
      t.deepEqual(Buffer.from(filled.toString()), filled);
      t.notRegex(filled.toString(), /[a-wyzA-Z1-9]/);
    }),
  );
});

/** Flags, and registers of checks, that a simulator which agrees with events notes for them. */
function valuesOf(events: readonly RelogEvent[]): number[] {
  return events.flatMap((event) => {
    if (event.kind === 'check') return [event.eflags, ...event.gpr];
    const told = ['interrupt', 'exception', 'softwareInterrupt', 'flagsImage'].includes(event.kind);
    return told ? [(event as { eflags: number }).eflags] : [];
  });
}

test('own values: events with other values are what a writer makes of them', (t) => {
  fc.assert(
    fc.property(fc.array(anyEvents(), { minLength: 1, maxLength: 4 }), fc.nat(0xff), (frames, change) => {
      const [before, after] = [new EventWriter(7), new EventWriter(7)];
      const [payloads, wanted]: [Uint8Array[], Uint8Array[]] = [[], []];
      let position = 7;
      for (const [i, events] of frames.entries()) {
        for (const event of events) {
          const moved = { ...event, position: position + event.position };
          writeEvent(before, moved);
          writeEvent(after, 'eflags' in moved ? { ...moved, eflags: moved.eflags ^ change } : moved);
        }
        position += events.at(-1)?.position ?? 0;
        for (const [writer, other] of [
          [before, 0],
          [after, change],
        ] as const) {
          writer.check(position, 0x1000, 0x202 ^ other, Array<number>(8).fill(i ^ other), null);
          writer.portRead(0x60, 1, i);
        }
        payloads.push(before.take());
        wanted.push(after.take());
      }
      const values = new OwnValues();
      values.add(Uint32Array.from(wanted.flatMap((payload) => valuesOf(eventsOf(payload)))));
      for (const [i, payload] of payloads.entries()) {
        t.deepEqual(Buffer.from(values.rewrite(payload).payload), Buffer.from(wanted[i]!));
      }
    }),
  );
});

test('own values: too few of them are an error', (t) => {
  const writer = new EventWriter(0);
  writer.flagsImage(2);
  t.throws(() => new OwnValues().rewrite(writer.take()), { message: /noted less/ });
});

const fake = (first: number): Payload => ({
  ...{ kind: 'line', source: 'uart0', peer: null, position: first, length: 1, first, last: first, sample: null },
  fill: () => false,
});

test('culprits are found one after the other, and nothing else is kept', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 200 }),
      fc.array(fc.nat(199), { maxLength: 5 }),
      async (count, picks) => {
        const payloads = Array.from({ length: count }, (_, i) => fake(i));
        const culprits = new Set(picks.filter((pick) => pick < count).map((pick) => payloads[pick]!));
        const kept = new Set<Payload>();
        let tries = 0;
        // Each changes the path a while after it arrived.
        const attempt = (also: readonly Payload[]) => {
          tries++;
          const first = payloads.find(
            (payload) => culprits.has(payload) && !kept.has(payload) && !also.includes(payload),
          );
          const events = (first?.first ?? 0) + 30;
          return Promise.resolve(first === undefined ? null : { position: events, events });
        };
        let difference = await attempt([]);
        while (difference !== null) {
          const { events } = difference;
          const candidates = payloads.filter((each) => each.first < events && !kept.has(each)).reverse();
          const found = await findCulprits(difference, candidates, attempt);
          if (found === null) return t.fail('nobody is to blame');
          for (const payload of found.culprits) kept.add(payload);
          difference = found.difference;
        }
        t.deepEqual(
          payloads.filter((payload) => kept.has(payload)),
          payloads.filter((payload) => culprits.has(payload)),
        );
        t.true(tries <= 1 + culprits.size * 4 * Math.ceil(Math.log2(count + 1)) + 1, `${tries} tries`);
      },
    ),
  );
});

test('a difference that stays whatever is kept is nobody’s', async (t) => {
  let tries = 0;
  const candidates = Array.from({ length: 100 }, (_, i) => fake(i));
  const difference = { position: 7, events: 7 };
  const found = await findCulprits(difference, candidates, () => {
    tries++;
    return Promise.resolve(difference);
  });
  t.is(found, null);
  t.is(tries, 8);
  t.is(await findCulprits(difference, [], () => Promise.resolve(null)), null);
});

test('what is found again is told once, with where it was', (t) => {
  const sampled = (first: number, text: string): Payload => ({ ...fake(first), sample: Buffer.from(text) });
  const [secret, atStart, both, dull] = [
    sampled(1, 'a secret of mine'),
    sampled(2, 'was there before'),
    sampled(3, 'GET /index.html '),
    sampled(4, 'aaaaaaaaaaaaaaaa'),
  ];
  const remains = new Remains([secret, atStart, both, dull], [sampled(5, 'GET /index.html ')]);
  remains.forget(Buffer.from('xx was there before xx'));
  const page = Buffer.from('... GET /index.html was there before aaaaaaaaaaaaaaaaaaaaaa a secret of mind');
  remains.look(page, 10, 'events');
  t.deepEqual(remains.found, []);
  remains.look(Buffer.from('a a secret of mine'), 20, 'pages');
  remains.look(Buffer.from('a secret of mine'), 30, 'events');
  t.deepEqual(remains.found, [{ payload: secret, position: 20, where: 'pages' }]);
});
