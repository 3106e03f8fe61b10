/** What comes in the place of a payload. */

/** Of datagrams and segments, every byte. */
export const FILLER = 0x78;

const LETTER = 0x78;
const DIGIT = 0x30;
/** Bytes of other letters in UTF-8: what begins one of so many bytes, and what goes on with it. */
const LEADS = [
  { first: 0xc2, last: 0xdf, filler: 0xc3 },
  { first: 0xe0, last: 0xef, filler: 0xe2 },
  { first: 0xf0, last: 0xf4, filler: 0xf0 },
];
const CONTINUATION = 0x98;

/** Of typed text: letters and digits become others, all else says what the text is like and stays. */
const TEXT = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x30 && byte <= 0x39) return DIGIT;
  if ((byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a)) return LETTER;
  if (byte >= 0x80 && byte <= 0xbf) return CONTINUATION;
  return LEADS.find(({ first, last }) => byte >= first && byte <= last)?.filler ?? byte;
});

export function textFiller(byte: number): number {
  return TEXT[byte]!;
}
