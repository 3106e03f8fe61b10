/** Which connections are refused, and which give way, when there are too many; in made-up time. */
import test from 'ava';
import { ADDRESS } from '../../../network/addresses.js';
import { MAX_CONNECTIONS, UNANSWERED_MS } from '../../../network/limits.js';
import { buildSegment, parseSegment, TCP_FLAG, type Segment } from '../../../network/tcp/segment.js';
import { TcpTable, type Request } from '../../../network/tcp/table.js';
import { Keeper } from '../../support/tcp-pair.js';
import { VirtualTime } from '../../support/virtual-time.js';

const PORT = 80;
const DAY_MS = 86_400_000;

interface Asked extends Request {
  application: Keeper;
}

/** A table, what it asks of the host, and a guest that says single segments. */
class Scene {
  readonly time = new VirtualTime();
  readonly asked: Asked[] = [];
  private said: Segment[] = [];
  readonly table = new TcpTable({
    timers: this.time,
    maxOnItsWay: 64 << 10,
    send: (source, destination, segment) => void this.said.push(parseSegment(segment, source, destination)!),
    mayAsk: () => true,
    asked: (_, request) => {
      const application = new Keeper();
      this.asked.push({ ...request, application });
      return application;
    },
  });

  /** What the table says to a segment from a port. */
  say(port: number, segment: Partial<Segment>): Segment[] {
    const whole = { sourcePort: port, destinationPort: PORT, seq: 1, ack: 0, flags: 0, window: 5000, mss: null };
    const bytes = buildSegment(
      { ...whole, scale: null, data: Buffer.alloc(0), ...segment },
      ADDRESS.guest,
      ADDRESS.gateway,
    );
    this.said = [];
    this.table.receive(ADDRESS.guest, ADDRESS.gateway, bytes);
    return this.said;
  }

  /** Whether the host is asked for a connection. */
  syn(port: number): boolean {
    const before = this.asked.length;
    const answer = this.say(port, { flags: TCP_FLAG.syn });
    const isAsked = this.asked.length > before;
    return isAsked && !answer.some(({ flags }) => flags & TCP_FLAG.rst);
  }

  /** A connection that both sides have taken. */
  open(port: number): Asked {
    this.syn(port);
    this.said = [];
    const asked = this.asked.at(-1)!;
    asked.accept();
    this.say(port, { flags: TCP_FLAG.ack, seq: 2, ack: (this.said[0]!.seq + 1) >>> 0 });
    return asked;
  }

  /** Both sides end; `unread` bytes wait for the host. */
  end({ connection, application }: Asked, port: number, unread: number): void {
    application.unread = unread;
    this.said = [];
    connection.end();
    const { seq } = this.said[0]!;
    this.say(port, { flags: TCP_FLAG.fin | TCP_FLAG.ack, seq: 2, ack: (seq + 1) >>> 0 });
  }

  fill(from: number, make: (port: number) => void): void {
    for (let port = from; this.table.size < MAX_CONNECTIONS; port++) make(port);
  }
}

test('what is open does not give way: more are refused', (t) => {
  const scene = new Scene();
  scene.fill(1000, (port) => scene.open(port));
  scene.time.run(DAY_MS);
  t.false(scene.syn(2000));
  t.is(
    scene.table.connect(ADDRESS.gateway, ADDRESS.guest, 22, () => new Keeper()),
    null,
  );
  t.is(scene.table.size, MAX_CONNECTIONS);
  t.true(scene.asked.every(({ application }) => application.events.length === 0));
});

for (const [who, answers] of [
  ['the guest', true],
  ['the host', false],
] as const) {
  test(`what ${who} has not answered for a while gives way, the oldest first`, (t) => {
    const scene = new Scene();
    const kept = scene.open(999);
    scene.fill(1000, (port) => {
      scene.syn(port);
      if (answers) scene.asked.at(-1)!.accept();
    });
    scene.time.run(UNANSWERED_MS - 1);
    t.false(scene.syn(2000), 'too early');
    scene.time.run(1);
    t.true(scene.syn(2000));
    t.true(scene.syn(2001));
    t.is(scene.table.size, MAX_CONNECTIONS);
    const failed = scene.asked.filter(({ application }) => application.events.length > 0);
    t.deepEqual(failed, scene.asked.slice(1, 3));
    t.deepEqual(kept.application.events, []);
    // What comes of the one that gave way comes too late.
    failed[0]!.accept();
    t.is(scene.table.size, MAX_CONNECTIONS);
  });
}

test('what is over gives way at once, unless the host has not taken everything', (t) => {
  const scene = new Scene();
  scene.end(scene.open(998), 998, 5);
  scene.end(scene.open(999), 999, 0);
  scene.fill(1000, (port) => scene.open(port));
  t.true(scene.syn(2000));
  t.false(scene.syn(2001));
  t.true(scene.asked.every(({ application }) => !application.events.includes('reset')));
});

test('a connection has its place for as long as the host has not taken everything', (t) => {
  const scene = new Scene();
  const [slow, broken] = [scene.open(1000), scene.open(1001)];
  scene.end(slow, 1000, 5);
  scene.end(broken, 1001, 5);
  scene.time.run(DAY_MS);
  t.is(scene.table.size, 2);
  scene.say(1000, { flags: TCP_FLAG.rst, seq: 3 });
  t.is(scene.table.size, 2, 'a reset does not take from the host what was ended in order');
  slow.application.unread = 0;
  scene.time.run(DAY_MS);
  t.is(scene.table.size, 1);
  t.deepEqual(slow.application.events, ['ended']);
  // The host's side closes its end.
  broken.connection.reset();
  t.is(scene.table.size, 0);
  const last = scene.open(1002);
  scene.end(last, 1002, 5);
  scene.table.close();
  t.deepEqual([scene.table.size, last.application.events], [0, ['ended', 'reset']]);
});
