/**
 * Checks CBOR items against CDDL (RFC 8610): as much of it as our documents use, which is rules, maps, arrays, choices,
 * occurrences, ranges, literals, and the controls `.size` and `.cbor`. Maps must not have keys that are not described.
 */
import { decodeItems, type Item } from './cbor-items.js';

type Type =
  | { is: 'choice'; of: Type[] }
  | { is: 'literal'; value: bigint | string }
  | { is: 'range'; from: bigint; to: bigint }
  | { is: 'name'; name: string }
  | { is: 'map' | 'array'; entries: Entry[] }
  | { is: 'size'; of: Type; bytes: bigint }
  | { is: 'cbor'; of: Type };

interface Entry {
  least: number;
  most: number;
  /** A text as it stands in front of a colon, or a type in front of an arrow. */
  key: string | Type | null;
  type: Type;
}

const TOKEN =
  /\s+|;[^\n]*|(\.\.|=>|\.[a-z]+|-?\d+|"[^"]*"|[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*|[=/[\]{}()?*+:,])/y;

export class Cddl {
  private readonly rules = new Map<string, Type>();

  /** @throws Error when it is not CDDL, not of the part known here, or names a rule that is nowhere */
  constructor(text: string) {
    const parser = new Parser(text);
    while (!parser.done) {
      const name = parser.take();
      parser.take('=');
      if (this.rules.has(name)) throw new Error(`the rule ${name} is there twice`);
      this.rules.set(name, parser.type());
    }
    for (const name of parser.names) {
      if (!this.rules.has(name) && !Object.hasOwn(PRELUDE, name)) throw new Error(`there is no rule ${name}`);
    }
  }

  /** @returns what is wrong with the item, and where; null when it is as the rule says */
  check(rule: string, item: Item): string | null {
    const type = this.rules.get(rule);
    if (type === undefined) throw new Error(`there is no rule ${rule}`);
    return this.mismatch(type, item, rule);
  }

  private mismatch(type: Type, item: Item, path: string): string | null {
    switch (type.is) {
      case 'choice': {
        const wrong = type.of.map((each) => this.mismatch(each, item, path));
        return wrong.includes(null) ? null : wrong.join('; or ');
      }
      case 'literal':
        return item === type.value ? null : `${path} is not ${type.value}`;
      case 'range':
        return typeof item === 'bigint' && item >= type.from && item <= type.to
          ? null
          : `${path} is not from ${type.from} to ${type.to}`;
      case 'name': {
        const rule = this.rules.get(type.name);
        if (rule !== undefined) return this.mismatch(rule, item, path);
        return PRELUDE[type.name]!(item) ? null : `${path} is no ${type.name}`;
      }
      case 'size':
        return this.mismatch(type.of, item, path) ?? (hasSize(item, type.bytes) ? null : `${path} has a wrong size`);
      case 'cbor': {
        if (!(item instanceof Uint8Array)) return `${path} is no byte string`;
        const [inner, ...rest] = decodeItems(item);
        return inner === undefined || rest.length > 0 ? `${path} is not one item` : this.mismatch(type.of, inner, path);
      }
      case 'array':
        return Array.isArray(item) ? this.arrayMismatch(type.entries, item, path) : `${path} is no array`;
      case 'map':
        return item instanceof Map ? this.mapMismatch(type.entries, item, path) : `${path} is no map`;
    }
  }

  /** Each entry takes as many items as it can: no description here needs it to give some back. */
  private arrayMismatch(entries: Entry[], items: Item[], path: string): string | null {
    let next = 0;
    for (const { least, most, type } of entries) {
      for (let count = 0; count < most; count++) {
        const wrong =
          next < items.length ? this.mismatch(type, items[next]!, `${path}[${next}]`) : `${path} is too short`;
        if (wrong === null) next++;
        else if (count < least || next < items.length) return wrong;
        else break;
      }
    }
    return next === items.length ? null : `${path} is too long`;
  }

  private mapMismatch(entries: Entry[], map: Map<Item, Item>, path: string): string | null {
    const left = new Map(map);
    for (const { least, key, type } of entries) {
      const keys =
        typeof key === 'string' ? [key] : [...left.keys()].filter((k) => this.mismatch(key!, k, '') === null);
      for (const each of keys) {
        const value = left.get(each);
        if (value === undefined) {
          if (least > 0) return `${path} has no ${nameOf(each)}`;
          continue;
        }
        const wrong = this.mismatch(type, value, `${path}.${nameOf(each)}`);
        if (wrong !== null) return wrong;
        left.delete(each);
      }
    }
    return left.size === 0 ? null : `${path} has ${[...left.keys()].map(nameOf).join(', ')}`;
  }
}

const PRELUDE: Record<string, (item: Item) => boolean> = {
  uint: (item) => typeof item === 'bigint' && item >= 0n && item < 1n << 64n,
  int: (item) => typeof item === 'bigint',
  bstr: (item) => item instanceof Uint8Array,
  tstr: (item) => typeof item === 'string',
  bool: (item) => typeof item === 'boolean',
  null: (item) => item === null,
};

function nameOf(key: Item): string {
  return typeof key === 'string' ? key : 'a key that is no text';
}

/** Of strings the number of bytes, of integers the most they may take. */
function hasSize(item: Item, bytes: bigint): boolean {
  if (typeof item === 'bigint') return item < 1n << (8n * bytes);
  return item instanceof Uint8Array && BigInt(item.length) === bytes;
}

class Parser {
  readonly names = new Set<string>();
  private readonly tokens: string[] = [];
  private at = 0;

  constructor(text: string) {
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < text.length) {
      const from = TOKEN.lastIndex;
      const match = TOKEN.exec(text);
      if (match === null) throw new Error(`this is no CDDL: ${text.slice(from, from + 40)}`);
      if (match[1] !== undefined) this.tokens.push(match[1]);
    }
  }

  get done(): boolean {
    return this.at >= this.tokens.length;
  }

  take(expected?: string): string {
    const token = this.tokens[this.at++];
    if (token === undefined || (expected !== undefined && token !== expected)) {
      throw new Error(`CDDL: ${expected ?? 'more'} was expected, not ${token ?? 'the end'}, near ${this.near()}`);
    }
    return token;
  }

  type(): Type {
    const of = [this.operand()];
    while (this.peek() === '/') {
      this.take();
      of.push(this.operand());
    }
    return of.length === 1 ? of[0]! : { is: 'choice', of };
  }

  private operand(): Type {
    const type = this.primary();
    const next = this.peek();
    if (next === '..') {
      this.take();
      const to = this.primary();
      const [from, last] = [type, to].map((end) => (end.is === 'literal' ? end.value : null));
      if (typeof from !== 'bigint' || typeof last !== 'bigint') throw new Error('a range is not of numbers');
      return { is: 'range', from, to: last };
    }
    if (next === '.size') {
      this.take();
      return { is: 'size', of: type, bytes: BigInt(this.take()) };
    }
    if (next === '.cbor') {
      this.take();
      return { is: 'cbor', of: this.primary() };
    }
    return type;
  }

  private primary(): Type {
    const token = this.take();
    if (token === '{') return { is: 'map', entries: this.entries('}') };
    if (token === '[') return { is: 'array', entries: this.entries(']') };
    if (/^-?\d/.test(token)) return { is: 'literal', value: BigInt(token) };
    if (token.startsWith('"')) return { is: 'literal', value: token.slice(1, -1) };
    if (!/^[A-Za-z_]/.test(token)) throw new Error(`CDDL: ${token} is no type, near ${this.near()}`);
    this.names.add(token);
    return { is: 'name', name: token };
  }

  private entries(close: string): Entry[] {
    const entries: Entry[] = [];
    while (this.peek() !== close) {
      const { least, most } = this.occurrence();
      if (this.peek(1) === ':') {
        const key = this.take();
        this.take(':');
        entries.push({ least, most, key, type: this.type() });
      } else {
        const type = this.type();
        if (this.peek() === '=>') {
          this.take();
          entries.push({ least, most, key: type, type: this.type() });
        } else entries.push({ least, most, key: null, type });
      }
      if (this.peek() === ',') this.take();
    }
    this.take(close);
    return entries;
  }

  private occurrence(): { least: number; most: number } {
    const [first, second] = [this.peek(), this.peek(1)];
    if (first === '?') {
      this.take();
      return { least: 0, most: 1 };
    }
    if (first !== '*' && second !== '*') return { least: 1, most: 1 };
    const least = first === '*' ? 0 : Number(this.take());
    this.take('*');
    const most = /^\d+$/.test(this.peek() ?? '') ? Number(this.take()) : Infinity;
    return { least, most };
  }

  private peek(ahead = 0): string | undefined {
    return this.tokens[this.at + ahead];
  }

  private near(): string {
    return this.tokens.slice(Math.max(0, this.at - 4), this.at + 3).join(' ');
  }
}
