import test from 'ava';
import fc from 'fast-check';
import {
  formatBytes,
  formatCount,
  formatRun,
  formatSeconds,
  parseCount,
  parseLimit,
  parsePattern,
  parseSeed,
} from '../../cli/units.js';
import { DecoupleError } from '../../formats/errors.js';
import { Pattern } from '../../formats/pattern.js';

const usage = { instanceOf: DecoupleError, code: 'usage' };

test('counts have units k, M and G', (t) => {
  t.is(parseCount('1000', 'x'), 1000);
  t.is(parseCount('500k', 'x'), 500_000);
  t.is(parseCount('50M', 'x'), 50_000_000);
  t.is(parseCount('1.1M', 'x'), 1_100_000);
  t.is(parseCount('1.5G', 'x'), 1_500_000_000);
});

test('what is no count is refused', (t) => {
  for (const text of [
    '',
    '0',
    '-1',
    '1.5',
    '5q',
    '50m',
    '1e6',
    'M',
    '5 M',
    '0x10',
    'NaN',
    '99999999G',
    'constructor',
  ]) {
    t.throws(() => parseCount(text, 'x'), usage, text);
  }
});

test('a limit is a duration or a count, and m is not M', (t) => {
  t.deepEqual(parseLimit('30s', 'for'), { seconds: 30 });
  t.deepEqual(parseLimit('500ms', 'for'), { seconds: 0.5 });
  t.deepEqual(parseLimit('30m', 'for'), { seconds: 1800 });
  t.deepEqual(parseLimit('1h', 'for'), { seconds: 3600 });
  t.deepEqual(parseLimit('30M', 'for'), { instructions: 30_000_000 });
  t.deepEqual(parseLimit('12', 'for'), { instructions: 12 });
});

test('what is no limit is refused', (t) => {
  for (const text of ['', '0s', '0', '3q', 's', '-3s', '1.5', '30 s']) {
    t.throws(() => parseLimit(text, 'for'), usage, text);
  }
});

test('seeds are 32 bits', (t) => {
  t.is(parseSeed('0'), 0);
  t.is(parseSeed('4294967295'), 0xffffffff);
  for (const text of ['4294967296', '-1', '1.5', 'x', '', '1e3']) t.throws(() => parseSeed(text), usage, text);
});

test('patterns are regular expressions that can be searched for in time', (t) => {
  t.true(new Pattern(parsePattern('done: \\d+', 'until')).test('done: 12'));
  for (const text of ['(', '(a)\\1', 'a(?=b)']) t.throws(() => parsePattern(text, 'until'), usage);
});

test('any whole count below a million is read back from its digits', (t) => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 999_999 }), (n) => parseCount(String(n), 'x') === n));
  fc.assert(fc.property(fc.integer({ min: 1, max: 999_999 }), (n) => parseCount(`${n / 1000}k`, 'x') === n));
  t.pass();
});

test('counts, bytes and times are short to read', (t) => {
  t.deepEqual([0, 7, 999, 1000, 999_949, 1_234_567, 313_500_000, 3e9].map(formatCount), [
    '0',
    '7',
    '999',
    '1.00 k',
    '1.00 M',
    '1.23 M',
    '314 M',
    '3.00 G',
  ]);
  t.deepEqual([0, 512, 40_000_000].map(formatBytes), ['0 B', '512 B', '40.0 MB']);
  t.deepEqual([0, 0.53, 59.94, 59.96, 75, 3675, Infinity].map(formatSeconds), [
    ...['0.0 s', '0.5 s', '59.9 s', '1:00', '1:15', '1:01:15', '?'],
  ]);
  t.is(formatRun(2_000_000, 4), '2,000,000 instructions in 4.0 s (500 k/s)');
  t.is(formatRun(0, 0), '0 instructions in 0.0 s');
});
