/** Arbitraries of single values that readers may stumble over. */
import fc from 'fast-check';
import { head, Raw, type Tree } from './cbor-tree.js';

const EDGES = [
  ...[
    0n,
    1n,
    2n,
    4n,
    16n,
    23n,
    24n,
    127n,
    255n,
    256n,
    512n,
    4095n,
    4096n,
    4097n,
    0xffffn,
    0x10000n,
    0xa0000n,
    1n << 20n,
  ],
  ...[(1n << 20n) + 1n, 3n << 20n, 1n << 26n, (1n << 26n) + 1n, (1n << 31n) - 1n, 1n << 31n, (1n << 31n) + 4096n],
  ...[(1n << 32n) - 4096n, (1n << 32n) - 2n, (1n << 32n) - 1n, 1n << 32n, (1n << 32n) + 4096n, 1n << 40n],
  ...[(1n << 53n) - 4096n, (1n << 53n) - 1n, 1n << 53n, (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n],
];

/** Numbers that stand at the edges of what something holds, and some that do not. */
export const edge: fc.Arbitrary<bigint> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...EDGES) },
  { weight: 1, arbitrary: fc.bigInt(0n, 300n) },
  { weight: 1, arbitrary: fc.bigInt(0n, (1n << 64n) - 1n) },
);

const TEXTS = [
  '',
  '\0',
  '__proto__',
  'constructor',
  'toString',
  '../../../escape',
  '/dev/zero',
  '/dev/stdin',
  '/',
  '.',
  '\u001b]0;title\u0007\u001b[2J',
  'a\u009b31m\nverdict  exact\r\u202e',
];
const text = fc.oneof(fc.constantFrom(...TEXTS), fc.constant('x'.repeat(100_000)), fc.string({ maxLength: 12 }));

/** Items with heads that lie, never end, or have no place in the formats. */
const raw: fc.Arbitrary<Tree> = fc
  .oneof(
    // Arrays, maps, strings that say they are much longer than the file.
    fc.tuple(fc.constantFrom(2, 3, 4, 5), edge).map(([major, length]) => head(major, length)),
    // As deep as it goes; each array says that it is long.
    fc
      .tuple(fc.constantFrom(1, 100, 5000, 200_000), fc.constantFrom(0x81, 0xa1, 0xc1, 0x9f, 0xbf, 0x5f, 0xd8))
      .map(([depth, byte]) => Buffer.alloc(depth, byte)),
    fc.constantFrom(1, 8, 2000).map((depth) => Buffer.concat(Array.from({ length: depth }, () => head(4, 0xffffff)))),
    fc.tuple(edge, edge).map(([tag, value]) => Buffer.concat([head(6, tag), head(0, value)])),
    // Simple values, floating point, reserved heads, a break.
    fc
      .constantFrom(0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xff, 0x1c, 0x5f, 0x7f, 0x9f, 0xbf, 0xe0)
      .map((byte) => Buffer.of(byte, 0, 0)),
    fc.uint8Array({ maxLength: 20 }),
  )
  .map((bytes) => new Raw(bytes));

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom(10, 16, 80, 128, 4096, 8192, 100_000).map((length) => Buffer.alloc(length)),
  // Numbers of 32 bits.
  fc
    .array(edge, { maxLength: 6 })
    .map((list) => Buffer.from(Uint32Array.from(list, (each) => Number(each & 0xffffffffn)).buffer)),
);

/** Something else in the place of an item. */
export const anyItem: fc.Arbitrary<Tree> = fc.oneof(
  { weight: 6, arbitrary: edge },
  { weight: 1, arbitrary: edge.map((value) => -1n - value) },
  { weight: 1, arbitrary: fc.constantFrom(0.5, NaN, Infinity, -0, 1e300) },
  { weight: 2, arbitrary: text },
  { weight: 2, arbitrary: bytes },
  { weight: 2, arbitrary: fc.constantFrom(null, true, false) },
  { weight: 2, arbitrary: fc.constantFrom<Tree>([], new Map(), [0n, 1n], new Map([['a', 1n]])) },
  { weight: 2, arbitrary: raw },
);

/** A choice among things whose number is not known yet. */
export const pick = fc.nat(0xffffff);
