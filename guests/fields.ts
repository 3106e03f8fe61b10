/** Reading a mapping whose shape must be checked: every error is one sentence naming the place and what belongs there. */
import { DecoupleError } from '../formats/errors.js';

const ADVICE = 'See guests/README.md for the fields of a spec.';

export function specError(where: string, message: string): DecoupleError {
  return new DecoupleError('guest-invalid', `${where} ${message}.`, ADVICE);
}

/** What was found, short enough for a sentence. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

export class Fields {
  private readonly map: Record<string, unknown>;
  private readonly unread: Set<string>;

  /** @param where how messages call this mapping, for instance `x.yaml: boot` */
  constructor(
    value: unknown,
    readonly where: string,
  ) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw specError(where, `must be a mapping, not ${shown(value)}`);
    }
    this.map = value as Record<string, unknown>;
    this.unread = new Set(Object.keys(this.map));
  }

  has(name: string): boolean {
    return this.map[name] !== undefined && this.map[name] !== null;
  }

  take(name: string): unknown {
    this.unread.delete(name);
    return this.map[name];
  }

  isMapping(name: string): boolean {
    const value = this.map[name];
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  }

  mapping(name: string): Fields {
    return new Fields(this.take(name), `${this.where}, ${name}`);
  }

  string(name: string): string;
  string(name: string, fallback: string): string;
  string(name: string, fallback: null): string | null;
  string(name: string, fallback?: string | null): string | null {
    const value = this.take(name);
    if ((value === undefined || value === null) && fallback !== undefined) return fallback;
    if (typeof value === 'string' && value !== '') return value;
    throw specError(this.where, `needs "${name}", a text, not ${shown(value)}`);
  }

  oneOf<T extends string>(name: string, choices: readonly T[]): T {
    const value = this.take(name);
    const choice = choices.find((each) => each === value);
    if (choice === undefined) {
      throw specError(this.where, `needs "${name}", one of ${choices.join(', ')}, not ${shown(value)}`);
    }
    return choice;
  }

  integer(name: string, low: number, high: number, fallback?: number): number {
    const value = this.take(name);
    if (value === undefined && fallback !== undefined) return fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) return value;
    throw specError(this.where, `needs "${name}", a whole number from ${low} to ${high}, not ${shown(value)}`);
  }

  /** False when it is missing. */
  flag(name: string): boolean {
    const value = this.take(name) ?? false;
    if (typeof value === 'boolean') return value;
    throw specError(this.where, `needs "${name}" to be true or false, not ${shown(value)}`);
  }

  /** Bytes, from `128M` and the like. */
  size(name: string): number {
    const value = this.take(name);
    const match = typeof value === 'string' ? /^(\d{1,4}) ?([KMG])i?B?$/.exec(value) : null;
    const unit = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }[match?.[2] ?? ''];
    if (match === null || unit === undefined) {
      throw specError(this.where, `needs "${name}", a size such as 128M, not ${shown(value)}`);
    }
    return Number(match[1]) * unit;
  }

  /** Seconds, from `90s` or `2m`. */
  seconds(name: string, fallback: number): number {
    const value = this.take(name);
    if (value === undefined) return fallback;
    const match = typeof value === 'string' ? /^(\d{1,6})(s|m)$/.exec(value) : null;
    if (match === null) throw specError(this.where, `needs "${name}", a time such as 90s or 2m, not ${shown(value)}`);
    return Number(match[1]) * (match[2] === 'm' ? 60 : 1);
  }

  /** Items of a list; none when it is missing. Each comes with the words messages call it by. */
  list(name: string): [unknown, string][] {
    const value = this.take(name);
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) throw specError(this.where, `needs "${name}" to be a list, not ${shown(value)}`);
    return value.map((item: unknown, index) => [item, `${this.where}, ${name} number ${index + 1}`]);
  }

  strings(name: string): string[] {
    return this.list(name).map(([item, where]) => {
      if (typeof item !== 'string' || item === '') throw specError(where, `must be a text, not ${shown(item)}`);
      return item;
    });
  }

  /** An absolute path inside a guest or a package. */
  guestPath(name: string, fallback?: string): string {
    const value = fallback === undefined ? this.string(name) : this.string(name, fallback);
    const [root, ...names] = value.replace(/\/$/, '').split('/');
    const isAbsolute = root === '' && names.length > 0;
    if (!isAbsolute || names.some((each) => ['', '.', '..'].includes(each)) || value.includes('\0')) {
      throw specError(this.where, `needs "${name}" to be an absolute path in the guest, not ${JSON.stringify(value)}`);
    }
    return value;
  }

  /** To be called last: a field nobody asked for is a mistake of the writer. */
  end(): void {
    const [name] = this.unread;
    if (name !== undefined) throw specError(this.where, `has an unknown field "${name}"`);
  }
}
