import test from 'ava';
import { FunctionTable } from '../../../analyses/symbols/functions.js';

test('functions with and without a size', (t) => {
  const table = new FunctionTable(
    [
      { address: 0x200, size: 0, name: 'last' },
      { address: 0x100, size: 0x10, name: 'sized' },
      { address: 0x180, size: 0, name: 'open' },
    ],
    0x280,
  );
  const names = [0xff, 0x100, 0x10f, 0x110, 0x180, 0x1ff, 0x200, 0x27f, 0x280].map((at) => table.at(at)?.name ?? null);
  t.deepEqual(names, [null, 'sized', 'sized', null, 'open', 'open', 'last', 'last', null]);
});

test('of several names for one address the plainest is kept', (t) => {
  const named = (...names: [string, number][]) =>
    new FunctionTable(
      names.map(([name, size]) => ({ address: 0x100, size, name })),
      0x200,
    ).at(0x100)?.name;
  t.is(named(['__libc_read', 8], ['read', 8]), 'read');
  t.is(named(['read', 0], ['__libc_read', 8]), '__libc_read');
  t.is(named(['b', 8], ['a', 8]), 'a');
  t.is(new FunctionTable([], 0).at(0), null);
});
