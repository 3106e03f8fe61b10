import test from 'ava';
import fc from 'fast-check';
import { readKallsyms, type GuestMemory } from '../../../analyses/symbols/kallsyms/index.js';
import { buildKallsyms, type KallsymsLayout, type TestSymbol } from '../../support/kallsyms.js';

const LAYOUTS: KallsymsLayout[] = ['absolute', 'relative', 'relative-late'];
const KERNEL = 0xc1000000;

function memoryOf(bytes: Buffer, start = 0): GuestMemory {
  return {
    ram: [{ start, size: bytes.length }],
    readPhysical: (address, length) => bytes.subarray(address - start, address - start + length),
  };
}

/** The tables at `offset` in `size` bytes of noise. */
function inNoise(tables: Buffer, offset: number, size = 6 << 20): Buffer {
  const bytes = Buffer.alloc(size);
  let state = 12345;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[i] = state >>> 16;
  }
  tables.copy(bytes, offset);
  return bytes;
}

function kernelWith(names: string[]): TestSymbol[] {
  const all = ['_stext', 'start_kernel', ...names, '_etext'];
  return all.map((name, i) => ({ address: KERNEL + i * 16, type: i % 3 === 0 ? 't' : 'T', name }));
}

const MANY = Array.from({ length: 3000 }, (_, i) => `sys_function_number_${i}${'x'.repeat(i % 40)}`);

for (const layout of LAYOUTS) {
  test(`${layout} tables are found and read back`, (t) => {
    const symbols = kernelWith(MANY);
    for (const offset of [0x1000, (4 << 20) - 60_000, (4 << 20) - 9000]) {
      const read = readKallsyms(memoryOf(inNoise(buildKallsyms(symbols, layout), offset)));
      t.deepEqual(read, symbols, `at ${offset}`);
    }
  });
}

test('names with more than 127 tokens', (t) => {
  const symbols = kernelWith([...MANY, 'Q'.repeat(300)]);
  t.deepEqual(readKallsyms(memoryOf(inNoise(buildKallsyms(symbols, 'relative'), 0x4000))), symbols);
});

test('RAM need not start at 0, and may be in pieces', (t) => {
  const symbols = kernelWith(MANY);
  const bytes = inNoise(buildKallsyms(symbols, 'relative'), 0x4000);
  const high = memoryOf(bytes, 0x100000);
  const memory: GuestMemory = {
    ram: [{ start: 0, size: 0xa0000 }, ...high.ram],
    readPhysical: (address, length) => (address < 0x100000 ? Buffer.alloc(length) : high.readPhysical(address, length)),
  };
  t.deepEqual(readKallsyms(memory), symbols);
});

test('any names of a kernel', (t) => {
  const name = fc.stringMatching(/^[a-zA-Z0-9_.$]{1,30}$/);
  const property = fc.property(
    fc.uniqueArray(name, { minLength: 1200, maxLength: 1500 }),
    fc.constantFrom(...LAYOUTS),
    fc.integer({ min: 0, max: 1000 }),
    (names, layout, page) => {
      const symbols = kernelWith(names);
      const read = readKallsyms(memoryOf(inNoise(buildKallsyms(symbols, layout), page * 64, 1 << 20)));
      t.deepEqual(read, symbols);
    },
  );
  fc.assert(property, { numRuns: 10 });
});

test('memory without tables, or with damaged ones, gives null', (t) => {
  t.is(readKallsyms(memoryOf(Buffer.alloc(2 << 20))), null);
  t.is(readKallsyms(memoryOf(inNoise(Buffer.alloc(0), 0, 2 << 20))), null);
  const tables = buildKallsyms(kernelWith(MANY), 'relative');
  for (const at of [13_000, 30_000, tables.length - 300, tables.length - 700]) {
    const damaged = Buffer.from(tables);
    damaged.fill(0xff, at, at + 8);
    t.true(readKallsyms(memoryOf(inNoise(damaged, 0x4000, 1 << 20))) === null, `damage at ${at}`);
  }
});

test('tables of something else than a kernel are not taken', (t) => {
  const symbols = MANY.map((name, i) => ({ address: KERNEL + i * 16, type: 'T', name }));
  t.is(readKallsyms(memoryOf(inNoise(buildKallsyms(symbols, 'relative'), 0x4000, 1 << 20))), null);
});
