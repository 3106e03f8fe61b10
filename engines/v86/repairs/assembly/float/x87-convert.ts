/** Between the x87's numbers and those of memory: other floating formats, whole numbers, packed decimals. */
import * as n from './number';
import * as r from './round';
import { inexact, wholeOf, wholeUp } from './sse-exact';
import * as x from './x87-exact';

/** Whether the last number loaded was a denormal of its format. */
export let denormal: bool = false;

/** From 32 or 64 bits, exactly: a signalling NaN stays one. */
function widened(): void {
  denormal = n.denormal;
  const sign = n.sign << 15;
  if (n.kind === n.ZERO) x.setResult(0, sign);
  else if (n.kind >= n.INFINITE) x.setResult(n.significand, sign | 0x7fff);
  else x.setResult(n.significand, sign | (n.exponent + 16383));
}

export function from32(bits: u32): void {
  n.take32(bits);
  widened();
}

export function from64(bits: u64): void {
  n.take64(bits);
  widened();
}

export function fromWhole(value: i64): void {
  denormal = false;
  if (value === 0) {
    x.setResult(0, 0);
    return;
  }
  const magnitude = <u64>(value < 0 ? -value : value);
  const shift = <i32>clz<u64>(magnitude);
  x.setResult(magnitude << shift, (value < 0 ? 0x8000 : 0) | (16383 + 63 - shift));
}

/** To 32 or 64 bits. With an unmasked overflow or underflow nothing is to be stored. */
export function toFloat(wide: bool, a: u64, top: i32): u64 {
  n.take80(a, top);
  const sign: u64 = wide ? <u64>n.sign << 63 : <u64>n.sign << 31;
  const infinite: u64 = wide ? 0x7ff0000000000000 : 0x7f800000;
  if (n.kind === n.UNSUPPORTED) {
    r.raise(r.INVALID);
    return indefiniteOf(wide);
  }
  if (n.kind >= n.QUIET) {
    if (n.kind === n.SIGNALLING) r.raise(r.INVALID);
    const payload = (a << 2) >> 2;
    return sign | infinite | (wide ? 0x8000000000000 | (payload >> 11) : 0x400000 | (payload >> 40));
  }
  if (n.kind === n.ZERO) return sign;
  if (n.kind === n.INFINITE) return sign | infinite;
  // A denormal raises nothing here.
  r.setResult(n.sign, n.exponent, n.significand, 0);
  const bias = wide ? 1023 : 127;
  r.round(wide ? 53 : 24, 1 - bias, bias, x.mode, x.masks, false);
  if (r.exponent === r.INFINITY) return sign | infinite;
  if (r.mantissa === 0) return sign;
  const field: u64 = r.tiny ? 0 : <u64>(r.exponent + bias);
  return wide
    ? sign | (field << 52) | ((r.mantissa >> 11) & 0xfffffffffffff)
    : sign | (field << 23) | ((r.mantissa >> 40) & 0x7fffff);
}

/** To a whole number of 16, 32 or 64 bits; the least of all where it does not fit. */
export function toWhole(bits: i32, a: u64, top: i32, mode: i32): i64 {
  n.take80(a, top);
  const least: i64 = (-1 as i64) << (bits - 1);
  if (n.kind === n.ZERO) return 0;
  if (n.kind !== n.FINITE || n.exponent > 63) {
    r.raise(r.INVALID);
    return least;
  }
  const magnitude = wholeOf(n.sign, n.exponent, n.significand, mode);
  const limit = (<u64>1 << (bits - 1)) - 1 + <u64>n.sign;
  if (magnitude > limit || (n.exponent === 63 && magnitude === 0)) {
    r.raise(r.INVALID);
    return least;
  }
  if (inexact) r.raise(r.INEXACT);
  r.setRoundedUp(wholeUp);
  return n.sign ? -(<i64>magnitude) : <i64>magnitude;
}

const DECIMALS: u64 = 999999999999999999;

/** What is stored where no number of 32 or 64 bits can be. */
export function indefiniteOf(wide: bool): u64 {
  return wide ? 0xfff8000000000000 : 0xffc00000;
}

export function indefiniteDecimal(at: usize): void {
  store<u64>(at, 0xc000000000000000);
  store<u16>(at + 8, 0xffff);
}

/** FBSTP: writes 10 bytes at `at`. */
export function toDecimal(at: usize, a: u64, top: i32): void {
  n.take80(a, top);
  let rest: u64 = 0;
  if (n.kind !== n.ZERO) {
    if (n.kind === n.FINITE && n.exponent < 63) rest = wholeOf(n.sign, n.exponent, n.significand, x.mode);
    if (n.kind !== n.FINITE || n.exponent >= 63 || rest > DECIMALS) {
      r.raise(r.INVALID);
      indefiniteDecimal(at);
      return;
    }
    if (inexact) r.raise(r.INEXACT);
    r.setRoundedUp(wholeUp);
  }
  for (let i: usize = 0; i < 9; i++) {
    const pair = <i32>(rest % 100);
    rest /= 100;
    store<u8>(at + i, ((pair / 10) << 4) | pair % 10);
  }
  store<u8>(at + 9, n.sign << 7);
}

/** FBLD: from 10 bytes at `at`. */
export function fromDecimal(at: usize): void {
  let value: u64 = 0;
  for (let i: i32 = 8; i >= 0; i--) {
    const pair = <u64>load<u8>(at + i);
    value = value * 100 + (pair >> 4) * 10 + (pair & 15);
  }
  const sign = <i32>(load<u8>(at + 9) >> 7) << 15;
  if (value === 0) {
    x.setResult(0, sign);
    return;
  }
  const shift = <i32>clz<u64>(value);
  x.setResult(value << shift, sign | (16383 + 63 - shift));
}
