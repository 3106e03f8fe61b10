/** What a guest prints is matched once, in the order in which it is expected. */
import test from 'ava';
import { ConsoleMatcher } from '../../relog/console-matcher.js';

function print(matcher: ConsoleMatcher, text: string): void {
  for (const byte of Buffer.from(text)) matcher.push(byte);
  matcher.flush();
}

test('what is printed at once with what was expected before counts for the next expectation', (t) => {
  const matcher = new ConsoleMatcher();
  const first = matcher.expect('failing');
  print(matcher, 'no lease, failing\r\nstatus=1\r\n');
  t.true(first.matched);
  t.true(matcher.expect('^status=1$', first).matched);
});

test('only what is behind it counts, and only for the next one', (t) => {
  const matcher = new ConsoleMatcher();
  const first = matcher.expect('b');
  print(matcher, 'abc');
  t.false(matcher.expect('a', first).matched);
  t.false(matcher.expect('^c', first).matched);
  t.false(matcher.expect('c').matched);
  const second = matcher.expect('c', first);
  t.true(second.matched);
  t.false(matcher.expect('c', first).matched);
  const third = matcher.expect('d', second);
  t.false(third.matched);
  print(matcher, 'd');
  t.true(third.matched);
});

test('much that is printed moves what was found', (t) => {
  const matcher = new ConsoleMatcher();
  const first = matcher.expect('start');
  print(matcher, 'start');
  print(matcher, 'x'.repeat(100_000));
  print(matcher, 'end');
  t.true(matcher.expect('end', first).matched);
  t.false(matcher.expect('start', first).matched);
});

test('no expression takes long', (t) => {
  const matcher = new ConsoleMatcher();
  const slow = matcher.expect('x(a|aa)+c');
  for (let i = 0; i < 50; i++) print(matcher, i === 0 ? 'x' : 'a'.repeat(1000));
  t.false(slow.matched);
  print(matcher, 'c');
  t.true(slow.matched);
});
