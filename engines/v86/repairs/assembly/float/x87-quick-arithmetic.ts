/** Sums, products, quotients and roots of normal numbers, rounded to nearest: see x87-quick.ts. Beside them, zeros. */
import { divide, low, root } from './wide';
import * as q from './x87-quick';
import { C1 } from './x87-state';
import { CONTROL } from './state';

const BIAS: i32 = 16383;
const SIGN: i32 = 0x8000;
const LEADING: u64 = 0x8000000000000000;

/**
 * Rounds high:low as the control word says, writes it to a register and sets the status word.
 * @param field the exponent as it is stored, which may be out of range @param at the register's address
 * @returns whether the result is normal; else nothing was done
 */
function settle(sign: i32, field: i32, high: u64, lower: u64, at: usize): bool {
  const precision = (<i32>load<u16>(CONTROL) >> 8) & 3;
  let values = 0;
  if ((precision & 1) !== 0) {
    if (lower !== 0) {
      values = q.INEXACT;
      // Above a half, or a half of an odd number.
      if (<i64>lower < 0 && ((lower << 1) | (high & 1)) !== 0) {
        values = q.INEXACT | C1;
        high++;
        if (high === 0) {
          high = LEADING;
          field++;
        }
      }
    }
  } else {
    const unit = <u64>1 << (precision === 2 ? 11 : 40);
    const half = unit >> 1;
    const rest = high & (unit - 1);
    high -= rest;
    if ((rest | lower) !== 0) {
      values = q.INEXACT;
      if (rest > half || (rest === half && (lower !== 0 || (high & unit) !== 0))) {
        values = q.INEXACT | C1;
        high += unit;
        if (high === 0) {
          high = LEADING;
          field++;
        }
      }
    }
  }
  if (<u32>(field - 1) >= 0x7ffe) return false;
  write(at, high, sign | field, values);
  return true;
}

@inline
function write(at: usize, mantissa: u64, signAndExponent: i32, values: i32): void {
  store<u64>(at, mantissa);
  store<u16>(at, signAndExponent, 8);
  q.setC1(values);
}

/** a + b; a difference is the sum with b of the other sign. */
export function sum(a: u64, aTop: i32, b: u64, bTop: i32, at: usize): bool {
  if (!q.isNormal(a, aTop) || !q.isNormal(b, bTop)) {
    if (q.isZero(b, bTop)) return q.isNormal(a, aTop) && settle(aTop & SIGN, aTop & 0x7fff, a, 0, at);
    return q.isZero(a, aTop) && q.isNormal(b, bTop) && settle(bTop & SIGN, bTop & 0x7fff, b, 0, at);
  }
  let field = aTop & 0x7fff;
  let by = field - (bTop & 0x7fff);
  let sign = aTop & SIGN;
  const differ = (aTop ^ bTop) & SIGN;
  if (by < 0 || (by === 0 && a < b)) {
    const other = a;
    a = b;
    b = other;
    field -= by;
    by = -by;
    sign = bTop & SIGN;
  }
  let high: u64;
  let lower: u64 = 0;
  if (by < 64) {
    high = b >> by;
    if (by !== 0) lower = b << (64 - by);
  } else {
    high = 0;
    if (by === 64) lower = b;
    else lower = by < 128 ? (b >> (by - 64)) | u64(b << (128 - by) !== 0) : 1;
  }
  if (differ === 0) {
    high += a;
    if (high < a) {
      lower = (high << 63) | (lower >> 1) | (lower & 1);
      high = (high >> 1) | LEADING;
      field++;
    }
    return settle(sign, field, high, lower, at);
  }
  high = a - high - u64(lower !== 0);
  lower = 0 - lower;
  if (high === 0) {
    if (lower !== 0) return false;
    write(at, 0, 0, 0);
    return true;
  }
  const zeros = <i32>clz<u64>(high);
  if (zeros !== 0) {
    high = (high << zeros) | (lower >> (64 - zeros));
    lower <<= zeros;
  }
  return settle(sign, field - zeros, high, lower, at);
}

export function product(a: u64, aTop: i32, b: u64, bTop: i32, at: usize): bool {
  const sign = (aTop ^ bTop) & SIGN;
  if (!q.isNormal(a, aTop) || !q.isNormal(b, bTop)) return zeroProduct(a, aTop, b, bTop, at);
  const a0 = a & 0xffffffff;
  const a1 = a >> 32;
  const b0 = b & 0xffffffff;
  const b1 = b >> 32;
  const p00 = a0 * b0;
  const p01 = a0 * b1;
  const p10 = a1 * b0;
  const middle = (p00 >> 32) + (p01 & 0xffffffff) + (p10 & 0xffffffff);
  let lower = (middle << 32) | (p00 & 0xffffffff);
  let high = a1 * b1 + (p01 >> 32) + (p10 >> 32) + (middle >> 32);
  let field = (aTop & 0x7fff) + (bTop & 0x7fff) - BIAS + 1;
  if (<i64>high >= 0) {
    high = (high << 1) | (lower >> 63);
    lower <<= 1;
    field--;
  }
  return settle(sign, field, high, lower, at);
}

/** Zero times a number or a zero. */
function zeroProduct(a: u64, aTop: i32, b: u64, bTop: i32, at: usize): bool {
  const aZero = q.isZero(a, aTop);
  const bZero = q.isZero(b, bTop);
  if (!(aZero || bZero) || !(aZero || q.isNormal(a, aTop)) || !(bZero || q.isNormal(b, bTop))) return false;
  write(at, 0, (aTop ^ bTop) & SIGN, 0);
  return true;
}

/** a / b. */
export function quotient(a: u64, aTop: i32, b: u64, bTop: i32, at: usize): bool {
  const sign = (aTop ^ bTop) & SIGN;
  if (!q.isNormal(b, bTop)) return false;
  if (!q.isNormal(a, aTop)) {
    if (!q.isZero(a, aTop)) return false;
    write(at, 0, sign, 0);
    return true;
  }
  let field = (aTop & 0x7fff) - (bTop & 0x7fff) + BIAS;
  let result: u64;
  if (a >= b) result = divide(a >> 1, a << 63, b);
  else {
    field--;
    result = divide(a, 0, b);
  }
  const rest = low;
  // Only zero, below, at and above a half matter of what is not divided.
  let lower: u64 = 0;
  if (rest !== 0) {
    const other = b - rest;
    lower = rest > other ? 3 << 62 : rest === other ? 1 << 63 : 1;
  }
  return settle(sign, field, result, lower, at);
}

/** Of a positive number. */
export function squareRoot(a: u64, aTop: i32, at: usize): bool {
  if (!q.isNormal(a, aTop) || (aTop & SIGN) !== 0) return false;
  const exponent = (aTop & 0x7fff) - BIAS;
  const result = exponent & 1 ? root(a, 0) : root(a >> 1, a << 63);
  const lower: u64 = low === 0 ? 0 : low === 1 ? 1 : 3 << 62;
  return settle(0, (exponent >> 1) + BIAS, result, lower, at);
}

/** Of two numbers that are normal or zero: -1, 0, 1; else 2. */
export function order(a: u64, aTop: i32, b: u64, bTop: i32): i32 {
  const aField = aTop & 0x7fff;
  const bField = bTop & 0x7fff;
  if (!q.isNormal(a, aTop) && !q.isZero(a, aTop)) return 2;
  if (!q.isNormal(b, bTop) && !q.isZero(b, bTop)) return 2;
  const negative = aTop & SIGN;
  if (negative !== (bTop & SIGN)) {
    if ((a | b) === 0) return 0;
    return negative ? -1 : 1;
  }
  let less: bool;
  if (aField !== bField) less = aField < bField;
  else if (a === b) return 0;
  else less = a < b;
  return less === (negative !== 0) ? 1 : -1;
}
