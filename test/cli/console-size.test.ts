/** The terminal's size is typed when the guest's shell awaits a command, and at no other time. */
import { EventEmitter } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import test from 'ava';
import { ConsoleSize } from '../../cli/console-size.js';

class FakeTerminal extends EventEmitter {
  rows: number | undefined = 33;
  columns: number | undefined = 101;
}

/** Longer than the silence that shows a guest to wait. */
const A_WHILE = 300;

function setUp() {
  const terminal = new FakeTerminal();
  const screen = { isTaken: false };
  const typed: string[] = [];
  const spec = { prompt: '^# $', resize: 'stty rows {rows} cols {columns}' };
  const size = new ConsoleSize(spec, terminal, (bytes) => typed.push(Buffer.from(bytes).toString()), screen);
  return {
    ...{ terminal, screen, typed, size },
    /** What the guest prints at once, after which it waits. */
    print: async (...pieces: string[]) => {
      for (const each of pieces) size.printed(Buffer.from(each));
      await setTimeout(A_WHILE);
    },
    resize: async (columns: number) => {
      terminal.columns = columns;
      terminal.emit('resize');
      await setTimeout(A_WHILE);
    },
    press: (keys: string) => size.typed(Buffer.from(keys)),
  };
}

test('once, at the first prompt, in however many pieces it comes', async (t) => {
  const { typed, print } = setUp();
  await print('guest ready\r\n');
  await print('#');
  t.deepEqual(typed, []);
  await print(' \x1b[6n');
  t.deepEqual(typed, ['stty rows 33 cols 101\n']);
  await print('stty rows 33 cols 101\r\n# ');
  t.is(typed.length, 1);
});

test('at once where the guest begins at its prompt', async (t) => {
  const { typed, size, print } = setUp();
  size.begin();
  t.deepEqual(typed, ['stty rows 33 cols 101\n']);
  await print('stty rows 33 cols 101\r\n# ');
  t.is(typed.length, 1);
});

test('after a change, soon where the shell waits, else when it does again', async (t) => {
  const { typed, print, resize } = setUp();
  await print('# ');
  await print('stty rows 33 cols 101\r\n# ');
  await resize(80);
  t.is(typed.at(-1), 'stty rows 33 cols 80\n');
  await print('stty rows 33 cols 80\r\n# make\r\nall\r\n');
  await resize(70);
  t.is(typed.length, 2);
  await print('# ');
  t.is(typed.at(-1), 'stty rows 33 cols 70\n');
});

test('once where a corner of the window is dragged', async (t) => {
  const { typed, print, terminal, resize } = setUp();
  await print('# ');
  terminal.emit('resize');
  terminal.emit('resize');
  await resize(60);
  t.deepEqual(typed, ['stty rows 33 cols 101\n', 'stty rows 33 cols 60\n']);
});

test('after an editor or a pager, whose last words put the prompt where it is', async (t) => {
  const { typed, print } = setUp();
  await print('\x1b[24;1H\x1b[K- /tmp/f 4/60 6%\x1b[4;1H\x1b[24;1H\x1b[K\x1b[?1049l# \x1b[6n');
  const less = setUp();
  await less.print('\x1b[7mstandard input\x1b[m', '\x1b[24;0H\x1b[K', '# \x1b[6n');
  const more = setUp();
  await more.print('23\r\n--More-- ', '\r         \r', '# \x1b[6n');
  for (const each of [typed, less.typed, more.typed]) t.deepEqual(each, ['stty rows 33 cols 101\n']);
});

test('while an editor is stopped that leaves its screen there', async (t) => {
  const { typed, screen, print } = setUp();
  screen.isTaken = true;
  await print('\x1b[24;1H\x1b[K', '[1]+  Stopped (signal)           vi x\r\n# \x1b[6n');
  t.deepEqual(typed, ['stty rows 33 cols 101\n']);
});

test('not into what looks like the prompt: a text that goes on, one in an editor, one that the user types', async (t) => {
  const text = setUp();
  await text.print('cat script\r\n# ', 'a comment\r\n');
  const editor = setUp();
  editor.screen.isTaken = true;
  await editor.print('vi script\r\n\x1b[?1049h\x1b[H\x1b[J\x1b[1;1H# ');
  const typing = setUp();
  await typing.print('cat\r\n');
  typing.press('# ');
  await typing.print('# ');
  await typing.resize(80);
  for (const { typed } of [text, editor, typing]) t.deepEqual(typed, []);
});

test('not before a key that was pressed is echoed; what the terminal answers is no key', async (t) => {
  const { typed, print, size, press } = setUp();
  size.printed(Buffer.from('# \x1b[6n'));
  press('l');
  await setTimeout(A_WHILE);
  t.deepEqual(typed, []);
  await print('ls\r\nbin\r\n# ');
  t.is(typed.length, 1);
  const answered = setUp();
  answered.size.printed(Buffer.from('# \x1b[6n'));
  answered.press('\x1b[24;3R');
  await setTimeout(A_WHILE);
  t.is(answered.typed.length, 1);
});

test('not into a command that is being typed, nor without a size, nor after the end', async (t) => {
  const { terminal, typed, print, size } = setUp();
  await print('# ec');
  terminal.emit('resize');
  terminal.rows = undefined;
  await print('ho\r\n# ');
  t.deepEqual(typed, []);
  terminal.rows = 24;
  terminal.emit('resize');
  size.close();
  await setTimeout(A_WHILE);
  t.deepEqual(typed, []);
  t.is(terminal.listenerCount('resize'), 0);
});
