/** Sums, products, quotients and roots of finite numbers, exact but for a last bit that says "and more". */
import { root as rootOf, divide, low, multiply } from './wide';
import { setResult } from './round';

/** high:low shifted right with the lost bits in the last one. */
let shiftedLow: u64 = 0;
function shiftRight(high: u64, by: i32): u64 {
  if (by === 0) {
    shiftedLow = 0;
    return high;
  }
  if (by < 64) {
    shiftedLow = high << (64 - by);
    return high >> by;
  }
  shiftedLow = by === 64 ? high : by < 128 ? (high >> (by - 64)) | (high << (128 - by) !== 0 ? 1 : 0) : 1;
  return 0;
}

/** @returns whether the sum is not zero; operands are finite and not zero */
export function add(aSign: i32, aExp: i32, a: u64, bSign: i32, bExp: i32, b: u64): bool {
  if (aExp < bExp || (aExp === bExp && a < b)) {
    const s = aSign;
    const e = aExp;
    const m = a;
    aSign = bSign;
    aExp = bExp;
    a = b;
    bSign = s;
    bExp = e;
    b = m;
  }
  let high = shiftRight(b, aExp - bExp);
  let lower = shiftedLow;
  if (aSign === bSign) {
    high += a;
    if (high < a) {
      lower = (high << 63) | (lower >> 1) | (lower & 1);
      high = (high >> 1) | (1 << 63);
      aExp++;
    }
    setResult(aSign, aExp, high, lower);
    return true;
  }
  high = a - high - (lower !== 0 ? 1 : 0);
  lower = 0 - lower;
  if (high === 0) {
    if (lower === 0) return false;
    const by = <i32>clz<u64>(lower);
    setResult(aSign, aExp - 64 - by, lower << by, 0);
    return true;
  }
  const by = <i32>clz<u64>(high);
  if (by !== 0) {
    high = (high << by) | (lower >> (64 - by));
    lower <<= by;
  }
  setResult(aSign, aExp - by, high, lower);
  return true;
}

export function product(sign: i32, aExp: i32, a: u64, bExp: i32, b: u64): void {
  const high = multiply(a, b);
  const lower = low;
  if (high >> 63 !== 0) setResult(sign, aExp + bExp + 1, high, lower);
  else setResult(sign, aExp + bExp, (high << 1) | (lower >> 63), lower << 1);
}

export function quotient(sign: i32, aExp: i32, a: u64, bExp: i32, b: u64): void {
  let exponent = aExp - bExp;
  let q: u64;
  if (a >= b) q = divide(a >> 1, a << 63, b);
  else {
    exponent--;
    q = divide(a, 0, b);
  }
  const rest = low;
  const lower: u64 = rest === 0 ? 0 : rest > b - rest ? 3 << 62 : rest === b - rest ? 1 << 63 : 1;
  setResult(sign, exponent, q, lower);
}

export function squareRoot(exponent: i32, a: u64): void {
  const r = exponent & 1 ? rootOf(a, 0) : rootOf(a >> 1, a << 63);
  setResult(0, exponent >> 1, r, low === 0 ? 0 : low === 1 ? 1 : 3 << 62);
}
