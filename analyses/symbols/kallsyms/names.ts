/**
 * The names of kallsyms: each is a length and that many token numbers; the first character of the expanded string is
 * the type, as `nm` shows it. `markers` say where every 256th name starts. (Linux, kernel/kallsyms.c.)
 */
import type { TokenTable } from './tokens.js';

const NAMES_PER_MARKER = 256;
/** The fewest and most bytes that 256 names can take with a kernel that anybody built. */
const MIN_STRIDE = NAMES_PER_MARKER * 2;
const MAX_STRIDE = NAMES_PER_MARKER * 128;
/** Below this a table is too small to be a kernel's, and too easily found by chance. */
const MIN_SYMBOLS = 1000;
const MAX_SYMBOLS = 1_000_000;

export interface NameTable {
  /** Where `kallsyms_num_syms` is: what comes before depends on the kernel's version. */
  countAt: number;
  /** With the character of the type in front. */
  names: string[];
}

/** The names that go with a token table, or null. They are before it: num_syms, names, markers, tokens. */
export function findNames(memory: Buffer, tokens: TokenTable): NameTable | null {
  for (let markers = tokens.start - 8; markers >= 0; markers -= 4) {
    if (memory.readUInt32LE(markers) !== 0 || !isStride(memory.readUInt32LE(markers + 4))) continue;
    const table = namesBefore(memory, markers, tokens);
    if (table !== null) return table;
  }
  return null;
}

function isStride(bytes: number): boolean {
  return bytes >= MIN_STRIDE && bytes <= MAX_STRIDE;
}

/** Tries every place where the names could start for their markers to be at `markers`. */
function namesBefore(memory: Buffer, markers: number, tokens: TokenTable): NameTable | null {
  const rises = risingMarkers(memory, markers, tokens.start);
  // `rises` may be too many by words that happen to fit: the number of symbols says how many there are.
  for (let count = rises; count > MIN_SYMBOLS / NAMES_PER_MARKER; count--) {
    const last = memory.readUInt32LE(markers + (count - 1) * 4);
    const latest = markers - last;
    for (let start = latest - (latest % 4); start >= Math.max(4, latest - MAX_STRIDE); start -= 4) {
      const symbols = memory.readUInt32LE(start - 4);
      if (symbols < MIN_SYMBOLS || symbols > MAX_SYMBOLS) continue;
      if (Math.ceil(symbols / NAMES_PER_MARKER) !== count) continue;
      const names = readNames(memory, start, symbols, markers, tokens.tokens);
      if (names !== null) return { countAt: start - 4, names };
    }
  }
  return null;
}

/** How many words from `markers` on could be markers. */
function risingMarkers(memory: Buffer, markers: number, limit: number): number {
  let count = 1;
  while (markers + count * 4 < limit) {
    const stride = memory.readUInt32LE(markers + count * 4) - memory.readUInt32LE(markers + (count - 1) * 4);
    if (!isStride(stride)) break;
    count++;
  }
  return count;
}

/** All names, or null if they do not agree with the markers or are not names. */
function readNames(memory: Buffer, start: number, count: number, markers: number, tokens: string[]): string[] | null {
  const names: string[] = [];
  let at = start;
  for (let i = 0; i < count; i++) {
    const marked = i % NAMES_PER_MARKER === 0;
    if (marked && memory.readUInt32LE(markers + (i / NAMES_PER_MARKER) * 4) !== at - start) return null;
    let length = memory[at++]!;
    // Since 6.1: names of more than 127 tokens have two bytes of length, seven bits each.
    if (length >= 0x80) length = (length & 0x7f) | (memory[at++]! << 7);
    if (length === 0 || at + length > markers) return null;
    let name = '';
    for (const end = at + length; at < end; at++) {
      const token = tokens[memory[at]!]!;
      if (token === '') return null;
      name += token;
    }
    if (!/^[a-zA-Z?][\x21-\x7e]+$/.test(name)) return null;
    names.push(name);
  }
  return markers - at < 4 ? names : null;
}
