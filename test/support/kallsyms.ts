/** Builds the tables that Linux's scripts/kallsyms.c builds, laid out as the linker does, for tests of the reader. */

export interface TestSymbol {
  address: number;
  type: string;
  name: string;
}

/** The three ways the tables have been laid out on 32-bit kernels. */
export type KallsymsLayout = 'absolute' | 'relative' | 'relative-late';

/** Pairs of characters that get a token of their own, as frequent ones do. */
const PAIRS = ['st', 'ar', 't_', 'ke', 'rn', 'el', '_s', 'in', 'it', 'sy', 's_', 'le', 're', 'T_', 'tf', 'un'];

/** @param symbols in ascending order of address */
export function buildKallsyms(symbols: TestSymbol[], layout: KallsymsLayout): Buffer {
  const names = symbols.map(({ type, name }) => type + name);
  const tokens = makeTokens(names);
  const packed = names.map((name) => packName(name, tokens));
  const base = symbols[0]!.address;
  const offsets = words(symbols.map(({ address }) => (layout === 'absolute' ? address : address - base)));
  const parts: Buffer[] = [];
  if (layout !== 'relative-late') parts.push(offsets);
  if (layout === 'relative') parts.push(words([base]));
  parts.push(words([symbols.length]), aligned(Buffer.concat(packed)), markers(packed));
  parts.push(aligned(Buffer.from(tokens.map((token) => `${token}\0`).join(''), 'latin1')), tokenIndex(tokens));
  if (layout === 'relative-late') parts.push(offsets, words([base]));
  return Buffer.concat(parts);
}

/** 256 strings: characters in use stand for themselves, pairs take the numbers that are free. */
function makeTokens(names: string[]): string[] {
  const used = new Set(`${names.join('')}0123456789`);
  const pairs = [...PAIRS];
  return Array.from({ length: 256 }, (_, number) => {
    const character = String.fromCharCode(number);
    return used.has(character) ? character : (pairs.shift() ?? '');
  });
}

function packName(name: string, tokens: string[]): Buffer {
  const numbers: number[] = [];
  for (let i = 0; i < name.length;) {
    const pair = tokens.indexOf(name.slice(i, i + 2));
    const found = i + 1 < name.length && pair >= 0;
    numbers.push(found ? pair : tokens.indexOf(name[i]!));
    i += found ? 2 : 1;
  }
  const { length } = numbers;
  return Buffer.from([...(length < 0x80 ? [length] : [(length & 0x7f) | 0x80, length >> 7]), ...numbers]);
}

function markers(packed: Buffer[]): Buffer {
  const starts: number[] = [];
  let offset = 0;
  packed.forEach((name, i) => {
    if (i % 256 === 0) starts.push(offset);
    offset += name.length;
  });
  return words(starts);
}

function tokenIndex(tokens: string[]): Buffer {
  const index = Buffer.alloc(512);
  let offset = 0;
  tokens.forEach((token, i) => {
    index.writeUInt16LE(offset, i * 2);
    offset += token.length + 1;
  });
  return index;
}

function words(values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => bytes.writeUInt32LE(value >>> 0, i * 4));
  return bytes;
}

function aligned(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
