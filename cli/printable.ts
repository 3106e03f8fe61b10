/**
 * Text as it may reach a terminal: names and texts out of files, specs and guests are strangers', and what in them would steer the
 * terminal, hide or turn around what stands there is shown instead.
 */

/** C0 but tab and line feed, DEL, C1, what changes the direction of text, lines and spaces that are not seen. */
// eslint-disable-next-line no-control-regex
const STEERING = /[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

const inHex = (character: string, digits: number): string => character.charCodeAt(0).toString(16).padStart(digits, '0');

/** Of several lines. */
export function printable(text: string): string {
  return text.replace(STEERING, (character) =>
    character < '\u0100' ? `\\x${inHex(character, 2)}` : `\\u{${inHex(character, 4)}}`,
  );
}

/** Of one line, whatever is in it. */
export function printableLine(text: string): string {
  return printable(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

/** JSON text, which stays the same value. */
export function printableJson(json: string): string {
  return json.replace(STEERING, (character) => `\\u${inHex(character, 4)}`);
}
