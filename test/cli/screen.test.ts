/** The terminal that a guest's console is shown on gets back what the guest changed, and no notes within sequences. */
import { PassThrough } from 'node:stream';
import type { WriteStream } from 'node:tty';
import test from 'ava';
import { Screen } from '../../cli/screen.js';

function setUp({ isTTY = true, answered = true } = {}) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 20 });
  const screen = new Screen(stream as unknown as WriteStream, answered);
  return {
    screen,
    print: (text: string) => screen.print(Buffer.from(text)),
    shown: () => ((stream.read() ?? '') as Buffer | string).toString(),
  };
}

test('an editor that is left running is taken off, and what it switched is switched back', (t) => {
  const { screen, print, shown } = setUp();
  print('vi\r\n\x1b[?1049h\x1b[?1;25l\x1b[?7h\x1b[3');
  t.true(screen.isTaken);
  shown();
  screen.close();
  const last = shown();
  t.true(last.startsWith('\x1b[?1049l\x1b[?25h\x1b[m'), last);
  t.true(last.endsWith('\n\x1b[J'), last);
  screen.close();
  t.is(shown(), '');
});

test('numbers of modes that no terminal has are not kept, however many a guest sends', (t) => {
  const { screen, print, shown } = setUp();
  print(Array.from({ length: 2000 }, (_, i) => `\x1b[?${100_000 + i};2004h`).join(''));
  shown();
  screen.close();
  const last = shown();
  t.true(last.startsWith('\x1b[?2004l\x1b[m'), last);
});

test('a guest that prints nothing but text leaves nothing to switch back', (t) => {
  const { screen, print, shown } = setUp();
  print('hello');
  screen.close();
  t.is(shown(), 'hello\n');
});

test('what is no terminal gets the bytes as they are', (t) => {
  const { screen, print, shown } = setUp({ isTTY: false, answered: false });
  print('\x1b[?1049h# \x1b[6n\x1b[');
  screen.close();
  t.is(shown(), '\x1b[?1049h# \x1b[6n\x1b[\n');
});

test('a note is no part of a sequence, and breaks between words', (t) => {
  const { screen, print, shown } = setUp();
  print('abc\x1b[3');
  screen.note('so far and so long as that');
  print('1md');
  t.is(shown(), 'abc\nso far and so long\n  as that\n\x1b[31md');
  screen.close();
});

test('a note over an editor’s screen does not scroll it, nor move its cursor', (t) => {
  const { screen, print, shown } = setUp();
  print('\x1b[?1049h');
  shown();
  screen.note('so far and so long as that');
  t.is(shown(), '\x1b7\x1b[Hso far and so long a\x1b[K\x1b8');
  screen.close();
});

test('nobody’s shell gets the answer to what a guest asked when it was recorded', (t) => {
  const asked = '# \x1b[6n\x1b[c\x1b[>0c\x1b[?6n\x1b[21t\x1bZ\x05\x1b]11;?\x07\x1bP$qm\x1b\\\x1b[1;31mred';
  const alone = setUp({ answered: false });
  for (const each of asked) alone.print(each);
  t.is(alone.shown(), '# \x1b[1;31mred');
  alone.screen.close();
  const typing = setUp();
  typing.print(asked);
  t.is(typing.shown(), asked);
  typing.screen.close();
});
