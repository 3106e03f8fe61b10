/** Operands in memory for the quick ways of x87 instructions: in pages that the engine knows to be ordinary RAM. */
import { SEGMENT_AT } from './x87-quick';
import { CPL, PAGES, SEGMENT_BASE, SEGMENT_NULL } from './state';

/** Bits of a page's word: it can be read; not written; not by users; global; it has code that was compiled. */
const VALID: i32 = 1;
const READ_ONLY: i32 = 2;
const NO_USER: i32 = 4;
const GLOBAL: i32 = 16;
const HAS_CODE: i32 = 32;
const USER: u8 = 3;

/** Where in the engine's memory an operand is, or 0 where the general way is needed. */
@inline
function place(offset: i32, what: i32, size: i32, harmless: i32): usize {
  const segment = (what >> SEGMENT_AT) & 7;
  if (load<u8>(SEGMENT_NULL + segment) !== 0) return 0;
  const linear = offset + load<i32>(SEGMENT_BASE + (segment << 2));
  const page = load<i32>(PAGES + (<usize>(<u32>linear >> 12) << 2));
  const user = load<u8>(CPL) === USER ? 0 : NO_USER;
  if ((page & 0xfff & ~(harmless | user)) !== VALID || (linear & 0xfff) > 0x1000 - size) return 0;
  return (page & ~0xfff) ^ linear;
}

@inline
export function readable(offset: i32, what: i32, size: i32): usize {
  return place(offset, what, size, READ_ONLY | GLOBAL | HAS_CODE);
}

@inline
export function writable(offset: i32, what: i32, size: i32): usize {
  return place(offset, what, size, GLOBAL);
}

const FLOAT_32: i32 = 16383 - 127;
const FLOAT_64: i32 = 16383 - 1023;
const LEADING: u64 = 0x8000000000000000;

/** Whether a float is a normal number or a zero. */
@inline
export function isOrdinary32(bits: u32): bool {
  return ((bits >> 23) & 0xff) - 1 < 254 || bits << 1 === 0;
}

@inline
export function mantissa32(bits: u32): u64 {
  return bits << 1 === 0 ? 0 : LEADING | (<u64>bits << 40);
}

/** Sign and exponent. */
@inline
export function top32(bits: u32): i32 {
  const sign = <i32>(bits >> 31) << 15;
  return bits << 1 === 0 ? sign : sign | (<i32>((bits >> 23) & 0xff) + FLOAT_32);
}

@inline
export function isOrdinary64(bits: u64): bool {
  return ((bits >> 52) & 0x7ff) - 1 < 2046 || bits << 1 === 0;
}

@inline
export function mantissa64(bits: u64): u64 {
  return bits << 1 === 0 ? 0 : LEADING | (bits << 11);
}

@inline
export function top64(bits: u64): i32 {
  const sign = <i32>(bits >> 63) << 15;
  return bits << 1 === 0 ? sign : sign | (<i32>((bits >> 52) & 0x7ff) + FLOAT_64);
}

@inline
function magnitude(value: i64): u64 {
  return <u64>(value < 0 ? -value : value);
}

@inline
export function mantissaOfWhole(value: i64): u64 {
  return value === 0 ? 0 : magnitude(value) << clz<u64>(magnitude(value));
}

@inline
export function topOfWhole(value: i64): i32 {
  if (value === 0) return 0;
  return (value < 0 ? 0x8000 : 0) | (16383 + 63 - <i32>clz<u64>(magnitude(value)));
}
