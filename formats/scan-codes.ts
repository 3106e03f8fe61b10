/** Scan codes of a US keyboard (set 1, "XT"), as IBM's PS/2 Technical Reference and every keyboard controller have them. */

/** Unshifted character to its key; characters on the same row follow each other in code. */
const ROWS: [first: number, plain: string, shifted: string][] = [
  [0x02, '1234567890-=', '!@#$%^&*()_+'],
  [0x10, 'qwertyuiop[]', 'QWERTYUIOP{}'],
  [0x1e, "asdfghjkl;'`", 'ASDFGHJKL:"~'],
  [0x2b, '\\zxcvbnm,./', '|ZXCVBNM<>?'],
];

/** Keys with a name; those with 0xE000 send the prefix E0 first. */
const NAMED: Record<string, number> = {
  esc: 0x01,
  backspace: 0x0e,
  tab: 0x0f,
  enter: 0x1c,
  ctrl: 0x1d,
  shift: 0x2a,
  alt: 0x38,
  space: 0x39,
  capslock: 0x3a,
  ...Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`f${i + 1}`, 0x3b + i])),
  f11: 0x57,
  f12: 0x58,
  home: 0xe047,
  up: 0xe048,
  pageup: 0xe049,
  left: 0xe04b,
  right: 0xe04d,
  end: 0xe04f,
  down: 0xe050,
  pagedown: 0xe051,
  insert: 0xe052,
  delete: 0xe053,
};
const CONTROL: Record<string, string> = { '\n': 'enter', '\t': 'tab', '\b': 'backspace', '\x1b': 'esc', ' ': 'space' };
const MODIFIERS = ['ctrl', 'shift', 'alt'];

const CHARACTERS = new Map<string, { code: number; shifted: boolean }>();
for (const [first, plain, shifted] of ROWS) {
  [...plain].forEach((character, i) => CHARACTERS.set(character, { code: first + i, shifted: false }));
  [...shifted].forEach((character, i) => CHARACTERS.set(character, { code: first + i, shifted: true }));
}

export const KEY_NAMES = Object.keys(NAMED);

/** One movement of a key: the bytes that the keyboard sends at once. */
export type Stroke = number[];

function down(code: number): Stroke {
  return code > 0xff ? [code >> 8, code & 0xff] : [code];
}

function up(code: number): Stroke {
  return code > 0xff ? [code >> 8, (code & 0xff) | 0x80] : [code | 0x80];
}

/** Keys pressed one after the other and released in reverse. */
function chord(codes: number[]): Stroke[] {
  return [...codes.map(down), ...[...codes].reverse().map(up)];
}

/** @returns null when a US keyboard has no such character */
function strokesOfCharacter(character: string): Stroke[] | null {
  const name = CONTROL[character];
  if (name !== undefined) return chord([NAMED[name]!]);
  const key = CHARACTERS.get(character);
  if (key === undefined) return null;
  return chord(key.shifted ? [NAMED.shift!, key.code] : [key.code]);
}

/** @returns the strokes that type a text, or the first character that cannot be typed */
export function strokesOfText(text: string): Stroke[] | string {
  const strokes: Stroke[] = [];
  for (const character of text) {
    const typed = strokesOfCharacter(character);
    if (typed === null) return character;
    strokes.push(...typed);
  }
  return strokes;
}

/**
 * @param name a key such as `enter`, `a` or `ctrl-alt-f1`
 * @returns null when there is no such key
 */
export function strokesOfKey(name: string): Stroke[] | null {
  const held: number[] = [];
  let rest = name;
  for (;;) {
    const modifier = MODIFIERS.find((each) => rest.startsWith(`${each}-`) && rest.length > each.length + 1);
    if (modifier === undefined) break;
    held.push(NAMED[modifier]!);
    rest = rest.slice(modifier.length + 1);
  }
  const named = Object.hasOwn(NAMED, rest) ? NAMED[rest] : undefined;
  if (named !== undefined) return chord([...held, named]);
  const key = CHARACTERS.get(rest);
  if (key === undefined) return null;
  return chord(key.shifted && !held.includes(NAMED.shift!) ? [...held, NAMED.shift!, key.code] : [...held, key.code]);
}
