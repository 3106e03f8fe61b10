/** Both directions of a connection over links that lose, delay and reorder; in made-up time. */
import test from 'ava';
import fc from 'fast-check';
import { RECEIVE_BYTES } from '../../../network/limits.js';
import { TCP_FLAG } from '../../../network/tcp/segment.js';
import { noise } from '../../support/host-server.js';
import { TcpPair } from '../../support/tcp-pair.js';

const DAY_MS = 86_400_000;
/** A position of the client's, not one of the server's. */
const isThere = (position: number): boolean => Math.abs(position) < 10_000_000;

test('bytes go both ways, and both ends end', (t) => {
  const pair = new TcpPair();
  const there = noise(1_000_000);
  pair.client.write(there);
  pair.client.end();
  pair.time.run(DAY_MS);
  t.true(pair.atServer.bytes.equals(there));
  t.deepEqual(pair.atServer.events, ['ended']);
  t.is(pair.open, 2, 'half closed');
  const back = noise(300_000).reverse();
  pair.server.write(back);
  pair.server.end();
  pair.time.run(DAY_MS);
  t.true(pair.atClient.bytes.equals(back));
  t.deepEqual(pair.atClient.events, ['opened', 'ended']);
  t.is(pair.open, 0);
});

test('nothing is lost over a link that loses, delays and reorders', (t) => {
  const fates = fc.array(fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 60 }) }, fc.constant(null)), {
    minLength: 5,
    maxLength: 60,
  });
  fc.assert(
    fc.property(fates, fc.nat(150_000), fc.nat(150_000), fc.integer({ min: 1460, max: 40_000 }), (list, a, b, room) => {
      let next = 0;
      // After so many segments the link gets good, so that there is an end to it.
      const fate = () => (next < 2000 ? list[next++ % list.length]! : 1);
      const pair = new TcpPair(fate, room);
      const [there, back] = [noise(a), noise(b)];
      pair.client.write(there);
      pair.server.write(back);
      pair.client.end();
      pair.server.end();
      pair.time.run(DAY_MS);
      const broken = [...pair.atClient.events, ...pair.atServer.events].includes('timeout');
      // Six lost SYNs or eight lost retransmissions in a row are taken for the end: what came is right even then.
      const { length } = pair.atServer.bytes;
      t.true(pair.atServer.bytes.equals(broken ? there.subarray(0, length) : there), `${length} of ${a}`);
      const other = pair.atClient.bytes.length;
      t.true(pair.atClient.bytes.equals(broken ? back.subarray(0, other) : back), `${other} of ${b}`);
      t.true(broken ? list.includes(null) : pair.open === 0);
    }),
    { numRuns: 150 },
  );
});

test('no more is on its way than the card takes', (t) => {
  const pair = new TcpPair(() => 10, 5000);
  const data = noise(200_000);
  pair.client.write(data);
  let most = 0;
  for (let i = 0; i < 2000; i++) {
    pair.time.run(1);
    // Numbers of the client's data begin at 0xfffffff1.
    const position = (seq: number): number => (seq - 0xfffffff1) | 0;
    const sent = Math.max(
      0,
      ...pair.sent.map((segment) => position(segment.seq) + segment.data.length).filter(isThere),
    );
    const answers = pair.sent.filter(({ sourcePort }) => sourcePort === 80);
    most = Math.max(most, sent - Math.max(0, ...answers.map(({ ack }) => position(ack))));
    pair.sent = pair.sent.slice(-50);
  }
  t.true(pair.atServer.bytes.equals(data));
  t.true(most > 1460 && most <= 5000, String(most));
});

test('a reader that does not read stops the writer, and gets everything once it reads', (t) => {
  const pair = new TcpPair();
  pair.time.run(100);
  const data = noise(3 * RECEIVE_BYTES);
  const reader = pair.atServer;
  reader.pending = () => reader.bytes.length - reader.unread;
  pair.client.write(data);
  pair.time.run(DAY_MS);
  t.true(reader.bytes.length <= RECEIVE_BYTES, String(reader.bytes.length));
  t.is(pair.open, 2, 'a closed window is not a dead connection');
  while (reader.unread < reader.bytes.length) {
    reader.unread = reader.bytes.length;
    pair.server.consumed();
    pair.time.run(DAY_MS);
  }
  t.true(reader.bytes.equals(data));
});

test('a window update that is lost is asked for', (t) => {
  let lose = false;
  const pair = new TcpPair(() => (lose ? null : 1));
  pair.time.run(100);
  const reader = pair.atServer;
  reader.unread = RECEIVE_BYTES;
  const data = noise(2 * RECEIVE_BYTES);
  pair.client.write(data);
  pair.time.run(10_000);
  lose = true;
  reader.unread = 0;
  pair.server.consumed();
  pair.time.run(1);
  lose = false;
  pair.time.run(DAY_MS);
  t.true(reader.bytes.equals(data));
});

test('a reset is a reset at the other end', (t) => {
  const pair = new TcpPair();
  pair.client.write(noise(100_000));
  pair.time.run(3);
  pair.client.reset();
  pair.time.run(100);
  t.deepEqual(pair.atServer.events, ['reset']);
  t.is(pair.open, 0);
  const sent = pair.sent.length;
  pair.time.run(DAY_MS);
  t.is(pair.sent.length, sent, 'nobody says anything any more');
});

test('a reset that is not at the right place is not taken (RFC 5961)', (t) => {
  const pair = new TcpPair();
  pair.time.run(100);
  const last = pair.sent.at(-1)!;
  const reset = { ...last, sourcePort: 1000, destinationPort: 80, flags: TCP_FLAG.rst, data: Buffer.alloc(0) };
  const expected = 0xfffffff1;
  for (const seq of [expected + 1, expected - 1, 5, 0x80000000]) pair.server.receive({ ...reset, seq: seq >>> 0 });
  t.deepEqual(pair.atServer.events, []);
  pair.server.receive({ ...reset, seq: expected });
  t.deepEqual(pair.atServer.events, ['reset']);
});

test('a side that never answers is given up', (t) => {
  const silent = new TcpPair(() => null);
  silent.time.run(DAY_MS);
  t.deepEqual(silent.atClient.events, ['timeout']);
  let cut = false;
  const pair = new TcpPair(() => (cut ? null : 1));
  pair.time.run(100);
  cut = true;
  pair.client.write(noise(10));
  pair.time.run(DAY_MS);
  t.deepEqual(pair.atClient.events, ['opened', 'timeout']);
});

test('segments of any content and order break nothing', (t) => {
  const flags = fc.integer({ min: 0, max: 31 });
  const near = fc.oneof(fc.integer({ min: -3000, max: 3000 }), fc.integer());
  const segment = fc.record({ flags, seq: near, ack: near, window: fc.nat(0xffff), length: fc.nat(1460) });
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 40 }), (segments) => {
      const pair = new TcpPair();
      pair.time.run(50);
      pair.server.write(noise(5000));
      for (const { flags, seq, ack, window, length } of segments) {
        pair.server.receive({
          ...{ sourcePort: 1000, destinationPort: 80, flags, window, mss: null, scale: null, data: noise(length) },
          seq: (0xfffffff1 + seq) >>> 0,
          ack: (0x7ffffff1 + ack) >>> 0,
        });
        pair.time.run(10);
      }
      pair.server.reset();
      pair.time.run(DAY_MS);
      t.true(pair.atServer.bytes.length <= 40 * 1460);
    }),
  );
});
