import test from 'ava';
import { Asciicast } from '../../relog/asciicast.js';

const HEADER = { timestamp: 1_700_000_000, title: 'guest: serial0' };

function lines(cast: Asciicast): unknown[] {
  return cast
    .text()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

test('header and events; characters cut in two are put together', (t) => {
  const cast = new Asciicast({ columns: 100, rows: 30 }, HEADER);
  const bytes = Buffer.from('aé"\r\n\x1b[1m');
  cast.print(0.5, bytes.subarray(0, 2));
  cast.print(0.75, bytes.subarray(2, 4));
  cast.flush();
  cast.flush();
  cast.print(1.25, bytes.subarray(4));
  t.deepEqual(lines(cast), [
    { version: 2, width: 100, height: 30, ...HEADER },
    [0.5, 'o', 'aé"'],
    [1.25, 'o', '\r\n\x1b[1m'],
  ]);
  t.is(cast.events, 2);
});

test('a screen is drawn when it has changed', (t) => {
  const cast = new Asciicast({ columns: 80, rows: 25 }, HEADER);
  cast.show(0, ['one  ', 'two']);
  cast.show(0.1, ['one', 'two ']);
  cast.show(0.2, ['one', 'three']);
  t.deepEqual(lines(cast).slice(1), [
    [0, 'o', '\x1b[H\x1b[2Jone\r\ntwo'],
    [0.2, 'o', '\x1b[H\x1b[2Jone\r\nthree'],
  ]);
});
