import test from 'ava';
import { ConsoleLine } from '../../relog/console-line.js';

function shown(text: string): string {
  const line = new ConsoleLine();
  for (const character of text) line.push(character);
  return line.text();
}

test('the last line with anything in it', (t) => {
  t.is(shown('one\r\ntwo\r\n\r\n'), 'two');
  t.is(shown('one\r\n# '), '#');
  t.is(shown(''), '');
});

test('what is overwritten is gone', (t) => {
  t.is(shown('10%\r20%\r30%'), '30%');
  t.is(shown('abc\b\bX'), 'aXc');
  t.is(shown('long line\rshort\x1b[K'), 'short');
  t.is(shown('left\x1b[1K\x1b[4Dnew'), 'new');
});

test('control sequences are not text', (t) => {
  t.is(shown('\x1b[1;32mgreen\x1b[0m\x1b[6n'), 'green');
  t.is(shown('\x1b7saved\x1b8'), 'saved');
  t.is(shown('a\x1b[3Cb'), 'a   b');
  t.is(shown('gone\x1b[2J\x1b[Hmenu'), 'menu');
});

test('a sequence without an end does not swallow all that follows', (t) => {
  t.true(shown(`\x1b[${'1;'.repeat(50)}text`).includes('text'));
});
