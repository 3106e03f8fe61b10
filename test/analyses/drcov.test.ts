import test from 'ava';
import { encodeDrcov } from '../../analyses/drcov.js';
import { readDrcov } from '../support/drcov.js';

test('the bytes of a small file', (t) => {
  const bytes = encodeDrcov(
    [{ path: '/bin/a', base: 0x08048000, end: 0x08060000, entry: 0x08048100 }],
    [{ module: 0, offset: 0x102, size: 5 }],
  );
  t.is(
    bytes.toString('latin1'),
    'DRCOV VERSION: 2\n' +
      'DRCOV FLAVOR: drcov\n' +
      'Module Table: version 2, count 1\n' +
      'Columns: id, base, end, entry, checksum, timestamp, path\n' +
      '  0, 0x0000000008048000, 0x0000000008060000, 0x0000000008048100, 0x00000000, 0x00000000, /bin/a\n' +
      'BB Table: 1 bbs\n' +
      '\x02\x01\x00\x00\x05\x00\x00\x00',
  );
});

test('odd paths do not break the table', (t) => {
  const { modules } = readDrcov(encodeDrcov([{ path: '/a, b\nc', base: 0, end: 1, entry: 0 }], []));
  t.deepEqual(modules, [{ id: 0, base: 0, end: 1, entry: 0, path: '/a_b_c' }]);
});
