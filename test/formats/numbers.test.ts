import test from 'ava';
import fc from 'fast-check';
import { VarintReader, VarintWriter } from '../../formats/varint.js';
import { compress, decompress } from '../../formats/zstd.js';

test('varints come back', (t) => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(300), fc.maxSafeNat())), (values) => {
      const writer = new VarintWriter();
      for (const value of values) writer.push(value);
      const reader = new VarintReader(writer.take());
      t.deepEqual(
        values.map(() => reader.next()),
        values,
      );
      t.true(reader.done);
    }),
  );
});

test('a varint that runs past the end, or never ends, is an error', (t) => {
  t.throws(() => new VarintReader(new Uint8Array()).next(), { instanceOf: RangeError });
  t.throws(() => new VarintReader(Uint8Array.of(0x80)).next(), { instanceOf: RangeError });
  t.throws(() => new VarintReader(new Uint8Array(20).fill(0xff)).next(), { instanceOf: RangeError });
});

test('packed bytes come back, and only with the right length', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70_000 }), (bytes) => {
      const packed = compress(bytes, 3);
      t.deepEqual(Uint8Array.from(decompress(packed, bytes.length)), bytes);
      t.throws(() => decompress(packed, bytes.length + 1));
    }),
    { numRuns: 50 },
  );
});

test('what is not a zstd frame of the said length takes no memory', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      t.throws(() => decompress(bytes, 1 << 20));
    }),
  );
  const lies = Buffer.from(compress(new Uint8Array(100), 3));
  lies[5] = 0xff;
  t.throws(() => decompress(lies, 100));
});
