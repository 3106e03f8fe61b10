/** A session out of what was typed. */
import test from 'ava';
import { parse } from 'yaml';
import { SessionKeeper } from '../../cli/session-keeper.js';
import { parseSession } from '../../relog/session.js';

/** What happens at a terminal: after so many milliseconds the guest prints (`<`), or a key is pressed (`>`). */
function keep(knowsPrompt: boolean, ...what: [number, '<' | '>', string][]): unknown {
  let now = 0;
  const keeper = new SessionKeeper(knowsPrompt, () => now);
  for (const [pause, who, text] of what) {
    now += pause;
    if (who === '<') keeper.printed(Buffer.from(text));
    else keeper.keys(Buffer.from(text));
  }
  const text = keeper.text();
  parseSession(text, 'typed.yaml');
  return parse(text);
}

test('each line waits for what the guest said before it', (t) => {
  const steps = keep(
    true,
    ...([
      [0, '>', 'l'],
      [50, '<', 'l'],
      [50, '>', 's\r'],
      [10, '<', 's\r\nbin dev\r\n/ # '],
      [900, '>', 'exit\r'],
      [10, '<', 'exit\r\nbye (now)'],
    ] as [number, '<' | '>', string][]),
  );
  t.deepEqual(steps, [{ send: 'ls\r' }, { expect: '^/ # ' }, { send: 'exit\r' }, { expect: '^bye \\(now\\)' }]);
});

test('a guest that boots is waited for, also at the first line', (t) => {
  const steps = keep(false, [0, '<', 'Debian\r\nlogin: '], [2000, '>', 'root\r']);
  t.deepEqual(steps, [{ expect: '^login: ' }, { send: 'root\r' }]);
});

test('where nothing is said that could be waited for, it takes as long as it took', (t) => {
  const steps = keep(
    true,
    [0, '>', 'vi\r'],
    [5, '<', '\x1b[2J\x1b[1;1H~'],
    [700, '>', 'i'],
    [20, '>', 'x'],
    [800, '>', '\x1b'],
  );
  t.deepEqual(steps, [{ send: 'vi\r' }, { wait: '705ms' }, { send: 'ix' }, { wait: '800ms' }, { send: '\x1b' }]);
});

test('of a line with colours the text behind them is waited for', (t) => {
  const steps = keep(true, [0, '>', '\r'], [5, '<', '\r\n\x1b[1;32muser@host\x1b[0m:~$ \x1b[6n'], [500, '>', 'w\r']);
  t.deepEqual(steps, [{ send: '\r' }, { expect: ':~\\$ ' }, { send: 'w\r' }]);
});

test('an arrow key is one key, and so is what a terminal answers; a backspace is seen in the file', (t) => {
  const steps = keep(true, [0, '>', '\x1b[5;3R'], [900, '>', 'lx\x7fs\x1b[D\r']);
  t.deepEqual(steps, [{ send: '\x1b[5;3R' }, { wait: '900ms' }, { send: 'lx\x7fs\x1b[D\r' }]);
  const keeper = new SessionKeeper(true);
  keeper.keys(Buffer.from('x\x7f\r'));
  t.is(keeper.text(), '- send: "x\\u007f\\r"\n');
});

test('what follows an escape key follows it as late as it did', (t) => {
  const steps = keep(true, [0, '>', 'ix\x1b'], [120, '>', ':'], [50, '>', 'q\r']);
  t.deepEqual(steps, [{ send: 'ix\x1b' }, { wait: '120ms' }, { send: ':q\r' }]);
});
