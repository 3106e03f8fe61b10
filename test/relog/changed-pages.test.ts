import test from 'ava';
import fc from 'fast-check';
import { decode, encode } from '../../formats/cbor.js';
import { applyPages, encodablePages, PAGE_BYTES, PAGE_SOURCE, pagesOf, type PageTarget } from '../../formats/pages.js';
import { ShapeError } from '../../formats/shape.js';
import { BufferRegion, ChangedPages } from '../../relog/changed-pages.js';

/** Two regions with a hole between them. */
const REGIONS = [
  { start: 0, size: 20 * PAGE_BYTES },
  { start: 64 * PAGE_BYTES, size: 8 * PAGE_BYTES },
];
const PAGES = 28;

class Ram implements PageTarget {
  readonly regions = REGIONS.map(({ size }) => Buffer.alloc(size));

  now(): BufferRegion[] {
    return this.regions.map((region) => new BufferRegion(region));
  }

  writePages(numbers: Uint32Array, data: Uint8Array): void {
    numbers.forEach((number, i) => this.page(number)!.set(data.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES)));
  }

  readPage(number: number): Uint8Array | null {
    const page = this.page(number);
    return page === null ? null : Uint8Array.from(page);
  }

  page(number: number): Buffer | null {
    const i = number < 20 ? 0 : number >= 64 && number < 72 ? 1 : null;
    if (i === null) return null;
    const at = (number - (i === 0 ? 0 : 64)) * PAGE_BYTES;
    return this.regions[i]!.subarray(at, at + PAGE_BYTES);
  }
}

const numberOf = (index: number): number => (index < 20 ? index : index + 44);

test('a reader that applies what is said has the RAM that was there, whatever changed into whatever', (t) => {
  const writes = fc.array(fc.tuple(fc.nat(PAGES - 1), fc.nat(3)), { maxLength: 40 });
  fc.assert(
    fc.property(fc.array(writes, { maxLength: 5 }), (rounds) => {
      const changed = new ChangedPages(REGIONS);
      const [now, read] = [new Ram(), new Ram()];
      for (const round of rounds) {
        for (const [index, content] of round) now.page(numberOf(index))!.fill(content);
        for (const pages of changed.take(now.now())) applyPages(pagesOf(decode(encode(encodablePages(pages)))), read);
        t.deepEqual(read.regions, now.regions);
      }
      t.deepEqual([...changed.take(now.now())], []);
    }),
    { numRuns: 100 },
  );
});

test('a content is said once, wherever it is', (t) => {
  const changed = new ChangedPages(REGIONS);
  const ram = new Ram();
  for (let i = 0; i < PAGES; i++) ram.page(numberOf(i))!.fill(7);
  t.deepEqual(
    [...changed.take(ram.now())].map(({ data }) => data.length),
    [PAGE_BYTES],
  );
  ram.page(3)!.fill(0);
  ram.page(64)!.fill(9);
  const [{ numbers, sources, data } = { numbers: [], sources: [], data: [] }] = changed.take(ram.now());
  t.deepEqual(
    [[...numbers], [...sources]],
    [
      [3, 64],
      [PAGE_SOURCE.zero, PAGE_SOURCE.data],
    ],
  );
  t.is(data.length, PAGE_BYTES);
  // Where it was first is something else now; another page still has it.
  ram.page(0)!.fill(1);
  ram.page(3)!.fill(7);
  const read = new Ram();
  read.page(5)!.fill(7);
  for (const pages of changed.take(ram.now())) applyPages(pages, read);
  t.deepEqual(read.readPage(3), new Uint8Array(PAGE_BYTES).fill(7));
});

test('pages that cannot be are refused', (t) => {
  const u32s = (...numbers: number[]): Uint8Array => new Uint8Array(Uint32Array.from(numbers).buffer);
  const [data, none] = [new Uint8Array(PAGE_BYTES), new Uint8Array()];
  for (const value of [
    { numbers: u32s(1), sources: none, data },
    { numbers: u32s(1), sources: u32s(PAGE_SOURCE.data), data: none },
    { numbers: u32s(1), sources: u32s(PAGE_SOURCE.zero), data },
    { numbers: u32s(1), sources: u32s(1 << 20), data: none },
    { numbers: u32s(1), sources: Uint8Array.of(1, 2, 3), data: none },
    { numbers: u32s(1), data: none },
  ]) {
    t.throws(() => pagesOf(value), { instanceOf: ShapeError });
  }
  const hole = pagesOf({ numbers: u32s(1), sources: u32s(40), data: none });
  t.throws(() => applyPages(hole, new Ram()), { instanceOf: ShapeError, message: /page 40/ });
});
