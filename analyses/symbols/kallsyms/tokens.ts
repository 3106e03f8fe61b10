/**
 * The token table of kallsyms: 256 strings that symbol names are made of, one byte a string. In memory it is the
 * strings, each with a NUL, one after another; then, 4-byte aligned, `token_index`: 256 u16, where each string starts.
 * (Linux, scripts/kallsyms.c. A character that occurs in names stands for itself, so the strings "0" to "9" are
 * numbers 48 to 57: that is how the table is found.)
 */

const TOKENS = 256;
const DIGITS = Buffer.from('0\x001\x002\x003\x004\x005\x006\x007\x008\x009\x00', 'latin1');
const FIRST_DIGIT = 48;
/** Tokens are at most this long in practice: longer names are rarer than pairs worth a token. */
const MAX_TOKEN = 64;

export interface TokenTable {
  tokens: string[];
  /** Where the strings start, and where token_index ends. */
  start: number;
  end: number;
}

/** All token tables in `memory`, whose first byte is at an address that is a multiple of 4. */
export function* findTokenTables(memory: Uint8Array): Generator<TokenTable> {
  const bytes = Buffer.from(memory.buffer, memory.byteOffset, memory.byteLength);
  for (let at = bytes.indexOf(DIGITS); at >= 0; at = bytes.indexOf(DIGITS, at + 1)) {
    const table = tableAround(bytes, at);
    if (table !== null) yield table;
  }
}

/** The table whose token "0" is at `digits`. Its start is the one for which token_index agrees with the strings. */
function tableAround(bytes: Buffer, digits: number): TokenTable | null {
  let second = digits;
  for (let i = FIRST_DIGIT; i > 1; i--) {
    const start = stringBefore(bytes, second);
    if (start === null) return null;
    second = start;
  }
  // What is before the first string need not end in a NUL: it starts at one of the places that are 4-aligned.
  for (let start = alignDown(second - 1); start >= Math.max(0, second - 1 - MAX_TOKEN); start -= 4) {
    const table = tableAt(bytes, start);
    if (table !== null) return table;
  }
  return null;
}

/** Where the string starts that ends, with its NUL, right before `at`; null if it is too long for a token. */
function stringBefore(bytes: Buffer, at: number): number | null {
  let start = at - 1;
  while (start > 0 && bytes[start - 1] !== 0) {
    start--;
    if (at - start > MAX_TOKEN) return null;
  }
  return start > 0 ? start : null;
}

function alignDown(address: number): number {
  return address - (address % 4);
}

function tableAt(bytes: Buffer, start: number): TokenTable | null {
  const tokens: string[] = [];
  const starts: number[] = [];
  let position = start;
  for (let i = 0; i < TOKENS; i++) {
    const end = bytes.indexOf(0, position);
    if (end < 0 || end - position > MAX_TOKEN) return null;
    starts.push(position - start);
    tokens.push(bytes.toString('latin1', position, end));
    position = end + 1;
  }
  const index = alignDown(position + 3);
  const end = index + TOKENS * 2;
  if (end > bytes.length) return null;
  const agrees = starts.every((offset, i) => bytes.readUInt16LE(index + i * 2) === offset);
  return agrees ? { tokens, start, end } : null;
}
