/** Keys and mouse of sessions: what the machine gets must be what a keyboard and a mouse would have sent. */
import test from 'ava';
import fc from 'fast-check';
import { KEY_NAMES, strokesOfKey, strokesOfText } from '../../formats/scan-codes.js';
import { parseSession } from '../../relog/session.js';

/** The characters that Linux's default (US) key map gives for codes 2 to 0x35, 0x39 and 0x1c, by row. */
const PLAIN = "\x1b1234567890-=\b\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./";
const SHIFTED = '\x1b!@#$%^&*()_+\b\tQWERTYUIOP{}\n\0ASDFGHJKL:"~\0|ZXCVBNM<>?';
const SHIFT = 0x2a;

/** What a US keyboard's strokes type, as a driver decodes them. */
function decoded(strokes: number[][]): string {
  let text = '';
  const held = new Set<number>();
  for (const code of strokes.flat()) {
    if (code & 0x80) held.delete(code & 0x7f);
    else {
      held.add(code);
      if (code === 0x39) text += ' ';
      else if (code !== SHIFT) text += (held.has(SHIFT) ? SHIFTED : PLAIN)[code - 1] ?? '?';
    }
  }
  return held.size === 0 ? text : `${text}, and ${held.size} keys stay down`;
}

const printable = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('');

test('every printable character is typed', (t) => {
  t.is(decoded(strokesOfText(`${printable}\n\t`) as number[][]), `${printable}\n\t`);
});

test('any text is typed as it is, or its first strange character named', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...printable, '\n', '\t', 'é', '😀') }), (text) => {
      const strokes = strokesOfText(text);
      if (typeof strokes === 'string') t.is(strokes, /[é😀]/u.exec(text)?.[0] ?? '');
      else t.is(decoded(strokes), text);
    }),
  );
});

test('keys by name: what is pressed is released, in reverse', (t) => {
  t.deepEqual(strokesOfKey('ctrl-alt-f1'), [[0x1d], [0x38], [0x3b], [0xbb], [0xb8], [0x9d]]);
  t.deepEqual(strokesOfKey('up'), [
    [0xe0, 0x48],
    [0xe0, 0xc8],
  ]);
  t.deepEqual(strokesOfKey('ctrl--'), [[0x1d], [0x0c], [0x8c], [0x9d]]);
  t.deepEqual(strokesOfKey('A'), strokesOfKey('shift-a'));
  t.is(strokesOfKey('ctrl-'), null);
  for (const name of KEY_NAMES) {
    const strokes = strokesOfKey(name)!;
    const last = strokes[0]!.at(-1)!;
    t.deepEqual(strokes, [strokes[0]!, [...strokes[0]!.slice(0, -1), last | 0x80]], name);
  }
});

function mouse(action: string) {
  const [step] = parseSession(`- mouse: ${action}`);
  return step?.kind === 'act' ? step.inputs : [];
}

test('mouse: clicks and wheel', (t) => {
  const buttons = (value: number[]) => ({ channel: 'mouse-buttons', value });
  t.deepEqual(mouse('{ click: right }') as unknown, [buttons([0, 0, 1]), buttons([0, 0, 0])]);
  t.deepEqual(mouse('{ press: left }') as unknown, [buttons([1, 0, 0])]);
  t.deepEqual(mouse('{ release: left }') as unknown, [buttons([0, 0, 0])]);
  t.deepEqual(mouse('{ wheel: -2 }') as unknown, Array(2).fill({ channel: 'mouse-wheel', value: [-1, 0] }));
});

test('mouse: a way of any length arrives, in packets that hold their part of it', (t) => {
  const way = fc.integer({ min: -10_000, max: 10_000 });
  fc.assert(
    fc.property(way, way, (right, down) => {
      const packets = mouse(`{ move: [${right}, ${down}] }`).map(({ value }) => [...value]);
      t.true(packets.flat().every((part) => Math.abs(part) <= 255 && !Object.is(part, -0)));
      const sum = (i: number) => packets.reduce((total, packet) => total + packet[i]!, 0);
      t.deepEqual([sum(0), sum(1)], [right, 0 - down]);
    }),
  );
});
