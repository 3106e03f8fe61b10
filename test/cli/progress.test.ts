import { PassThrough } from 'node:stream';
import type { WriteStream } from 'node:tty';
import test from 'ava';
import { besideProgress, formatLine, progressLine, Rate } from '../../cli/progress.js';

function steadyRate(): Rate {
  const rate = new Rate();
  rate.add(0, 0);
  rate.add(1, 50_000_000);
  return rate;
}

test('with a known total there is a share and a time left', (t) => {
  const line = formatLine('relog', { instructions: 50e6, total: 200e6, bytes: 1_200_000 }, steadyRate(), 100);
  t.is(line, `relog  ${'█'.repeat(6)}${'░'.repeat(18)}  25%  50.0 M instructions  50.0 M/s  3.0 s left  1.20 MB`);
});

test('without a total there is a count and a rate', (t) => {
  const line = formatLine('record', { instructions: 50e6, total: null, bytes: 0 }, steadyRate(), 100);
  t.is(line, 'record  50.0 M instructions  50.0 M/s');
});

test('where there is little room, what is wanted least is left out', (t) => {
  const progress = { instructions: 50e6, total: 200e6, bytes: 1_200_000 };
  t.is(formatLine('relog', progress, steadyRate(), 39), 'relog  25%  50.0 M/s  3.0 s left');
  t.is(formatLine('relog', { ...progress, total: null }, steadyRate(), 39), 'relog  50.0 M instructions  50.0 M/s');
  t.is(formatLine('relog', progress, steadyRate(), 3), 'relog  25%');
  t.is(
    formatLine('relog', progress, steadyRate(), null),
    'relog  25%  50.0 M instructions  50.0 M/s  3.0 s left  1.20 MB',
  );
});

test('the line leaves its last column free and the cursor at its beginning, and is taken off with all it broke into', (t) => {
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 20 }) as unknown as WriteStream;
  const line = progressLine('verify', stream);
  t.is(String(stream.read()), '\x1b[?25lverify  0 instructi\x1b[J\r');
  besideProgress(() => stream.write('a note\n'));
  t.is(String(stream.read()), '\r\x1b[J\x1b[?25ha note\n\x1b[?25lverify  0 instructi\x1b[J\r');
  line.stop();
  line.stop();
  t.is(String(stream.read()), '\r\x1b[J\x1b[?25h');
});

test('the rate is that of the last seconds', (t) => {
  const rate = new Rate();
  t.is(rate.perSecond(), 0);
  for (let second = 0; second <= 20; second++) rate.add(second, second < 10 ? second * 100 : 1000);
  t.is(rate.perSecond(), 0);
});

test('a stage that goes through the run again has a rate of its own', (t) => {
  const rate = steadyRate();
  rate.add(2, 0);
  rate.add(3, 1000);
  t.is(rate.perSecond(), 1000);
});

test('nothing is written when the stream is no terminal', (t) => {
  const stream = new PassThrough() as unknown as WriteStream;
  const line = progressLine('relog', stream);
  line.update({ instructions: 1, total: 2, bytes: 3 });
  line.stop();
  t.is(stream.read(), null);
});
