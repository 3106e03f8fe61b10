/** The terminal's size is typed when the guest's shell awaits a command, and at no other time. */
import { EventEmitter } from 'node:events';
import test from 'ava';
import { ConsoleSize } from '../../cli/console-size.js';

class FakeTerminal extends EventEmitter {
  rows: number | undefined = 33;
  columns: number | undefined = 101;
}

function setUp() {
  const terminal = new FakeTerminal();
  const typed: string[] = [];
  const spec = { prompt: '^# $', resize: 'stty rows {rows} cols {columns}' };
  const size = new ConsoleSize(spec, terminal, (bytes) => typed.push(Buffer.from(bytes).toString()));
  return { terminal, typed, size, print: (text: string) => size.printed(Buffer.from(text)) };
}

test('once, at the first prompt, in however many pieces it comes', (t) => {
  const { typed, print } = setUp();
  print('guest ready\r\n');
  t.deepEqual(typed, []);
  print('#');
  t.deepEqual(typed, []);
  print(' \x1b[6n');
  t.deepEqual(typed, ['stty rows 33 cols 101\n']);
  print('stty rows 33 cols 101\r\n# ');
  t.is(typed.length, 1);
});

test('at once where the guest begins at its prompt', (t) => {
  const { typed, size, print } = setUp();
  size.begin();
  t.deepEqual(typed, ['stty rows 33 cols 101\n']);
  print('stty rows 33 cols 101\r\n# ');
  t.is(typed.length, 1);
});

test('after a change, at once where the shell waits, else when it does again', (t) => {
  const { terminal, typed, print } = setUp();
  print('# ');
  print('stty rows 33 cols 101\r\n# ');
  terminal.columns = 80;
  terminal.emit('resize');
  t.is(typed.at(-1), 'stty rows 33 cols 80\n');
  print('stty rows 33 cols 80\r\n# vi x\r\n~\r\n');
  terminal.rows = 24;
  terminal.emit('resize');
  t.is(typed.length, 2);
  print('# ');
  t.is(typed.at(-1), 'stty rows 24 cols 80\n');
});

test('not into a command that is being typed, nor without a size, nor after the end', (t) => {
  const { terminal, typed, print, size } = setUp();
  print('# ec');
  terminal.emit('resize');
  terminal.rows = undefined;
  print('ho\r\n# ');
  t.deepEqual(typed, []);
  size.close();
  t.is(terminal.listenerCount('resize'), 0);
});
