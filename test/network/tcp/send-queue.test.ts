/** Bytes on their way: in order, and in few pieces however they come. */
import test from 'ava';
import fc from 'fast-check';
import { SendQueue } from '../../../network/tcp/send-queue.js';
import { noise } from '../../support/host-server.js';

test('bytes come out as they went in, whatever the pieces', (t) => {
  const size = fc.oneof({ weight: 4, arbitrary: fc.nat(50) }, fc.nat(40_000));
  const step = fc.record({ push: size, drop: fc.nat(60_000), at: fc.nat(60_000), read: fc.nat(3000) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new SendQueue();
      let model = Buffer.alloc(0);
      steps.forEach(({ push, drop, at, read }, i) => {
        const chunk = noise(push + i).subarray(i);
        queue.push(chunk);
        model = Buffer.concat([model, chunk]);
        const offset = Math.min(at, model.length);
        const part = model.subarray(offset, offset + read);
        t.true(queue.read(offset, part.length).equals(part));
        const count = Math.min(drop, model.length);
        if (i % 2 === 0) queue.drop(count);
        else t.true(queue.take(drop).equals(model.subarray(0, count)));
        model = model.subarray(count);
        t.is(queue.length, model.length);
      });
      t.true(queue.take(Infinity).equals(model));
      t.is(queue.length + queue.pieces, 0);
    }),
  );
});

test('bytes that come one by one are few pieces', (t) => {
  const queue = new SendQueue();
  const data = noise(100_000);
  for (let i = 0; i < data.length; i++) queue.push(data.subarray(i, i + 1));
  t.true(queue.pieces < 10, String(queue.pieces));
  t.true(queue.read(0, data.length).equals(data));
});

test('what is not there cannot be read or dropped', (t) => {
  const queue = new SendQueue();
  queue.push(Buffer.from('abc'));
  t.throws(() => queue.read(1, 3), { instanceOf: RangeError });
  t.throws(() => queue.drop(4), { instanceOf: RangeError });
});
