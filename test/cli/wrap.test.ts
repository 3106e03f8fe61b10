import type { WriteStream } from 'node:tty';
import test from 'ava';
import { wrap } from '../../cli/wrap.js';

const terminal = (columns: number) => ({ isTTY: true, columns }) as WriteStream;

test('lines break between words, and what follows is within', (t) => {
  t.is(wrap('one two three four', terminal(10)), 'one two\n  three\n  four');
  t.is(wrap('  one two three', terminal(10)), '  one two\n  three');
  t.is(wrap('1234567890', terminal(10)), '1234567890');
});

test('a word longer than the line stays whole', (t) => {
  t.is(wrap('in /a/very/long/path it', terminal(10)), 'in\n  /a/very/long/path\n  it');
});

test('beside a name, the lines after the first are below it', (t) => {
  t.is(wrap('12 of them', terminal(12), 5, 5), '12 of\n     them');
});

test('without a terminal, or one that knows its size, lines stay whole', (t) => {
  t.is(wrap('one two', { isTTY: false } as unknown as WriteStream), 'one two');
  t.is(wrap('one two', terminal(0)), 'one two');
});
