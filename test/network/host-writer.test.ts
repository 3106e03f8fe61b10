/** Bytes of the guest to a socket that takes them when it likes. */
import test from 'ava';
import { HostWriter } from '../../network/host/host-writer.js';
import { noise } from '../support/host-server.js';

/** Takes a write when it is told to. */
class SlowSocket {
  written: Buffer[] = [];
  destroyed = false;
  ended = false;
  private done: (() => void)[] = [];

  write = (bytes: Uint8Array, done: unknown): boolean => {
    this.written.push(Buffer.from(bytes));
    this.done.push(done as () => void);
    return false;
  };
  end = (): this => {
    this.ended = true;
    return this;
  };

  get waiting(): number {
    return this.done.length;
  }

  take(): void {
    this.done.shift()!();
  }
}

test('bytes that come one by one wait as bytes, not as writes; the end comes last', (t) => {
  const socket = new SlowSocket();
  let told = 0;
  const writer = new HostWriter(socket as never, () => told++);
  const data = noise(200_000);
  for (let i = 0; i < data.length; i++) writer.write(data.subarray(i, i + 1));
  writer.end();
  t.is(writer.pending, data.length);
  t.is(socket.waiting, 1);
  let before = writer.pending;
  while (socket.waiting > 0) {
    t.false(socket.ended);
    socket.take();
    t.true(writer.pending < before && socket.waiting <= 1);
    before = writer.pending;
  }
  t.true(Buffer.concat(socket.written).equals(data));
  t.true(socket.written.length < 10 && told === socket.written.length);
  t.true(socket.ended);
});

test('nothing is written to a socket that is gone', (t) => {
  const socket = new SlowSocket();
  const writer = new HostWriter(socket as never, () => undefined);
  writer.write(Buffer.from('a'));
  writer.write(Buffer.from('b'));
  socket.destroyed = true;
  socket.take();
  writer.write(Buffer.from('c'));
  writer.end();
  t.deepEqual(socket.written.map(String), ['a']);
  t.false(socket.ended);
});
