/** Checks that a decoded CBOR item has the shape a schema says, before anything relies on it. */

/** Thrown by these checks; readers turn it into an error that names the file. */
export class ShapeError extends Error {}

export function record(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array) {
    throw new ShapeError(`${what} is not a map`);
  }
  return value as Record<string, unknown>;
}

/** A non-negative integer of at most `max`; bigints that fit are converted. */
export function uint(value: unknown, what: string, max = Number.MAX_SAFE_INTEGER): number {
  const number = typeof value === 'bigint' && value <= BigInt(max) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 0 || number > max) {
    throw new ShapeError(`${what} is not a whole number up to ${max}`);
  }
  return number;
}

export function u64(value: unknown, what: string): bigint {
  if (typeof value === 'bigint' && value >= 0n && value < 1n << 64n) return value;
  return BigInt(uint(value, what));
}

export function bytes(value: unknown, what: string, length?: number): Uint8Array {
  if (!(value instanceof Uint8Array) || (length !== undefined && value.length !== length)) {
    throw new ShapeError(`${what} is not a byte string${length === undefined ? '' : ` of ${length} bytes`}`);
  }
  return value;
}

export function text(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new ShapeError(`${what} is not text`);
  return value;
}

export function bool(value: unknown, what: string): boolean {
  if (typeof value !== 'boolean') throw new ShapeError(`${what} is not a boolean`);
  return value;
}

export function list<T>(value: unknown, what: string, item: (value: unknown, what: string) => T, length?: number): T[] {
  if (!Array.isArray(value) || (length !== undefined && value.length !== length)) {
    throw new ShapeError(`${what} is not a list${length === undefined ? '' : ` of ${length}`}`);
  }
  return value.map((element, i) => item(element, `${what}[${i}]`));
}

export const u32 = (value: unknown, what: string): number => uint(value, what, 0xffffffff);
export const u16 = (value: unknown, what: string): number => uint(value, what, 0xffff);
