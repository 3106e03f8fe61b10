/** Whole numbers of 128 bits: what products, quotients and roots of significands need. The second half of a result is in `low`. */

/** The lower 64 bits of the last result, or the remainder of the last division. */
export let low: u64 = 0;

/** @returns the upper half of a × b; the lower is in `low` */
export function multiply(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff;
  const a1 = a >> 32;
  const b0 = b & 0xffffffff;
  const b1 = b >> 32;
  const p00 = a0 * b0;
  const p01 = a0 * b1;
  const p10 = a1 * b0;
  const middle = (p00 >> 32) + (p01 & 0xffffffff) + (p10 & 0xffffffff);
  low = (middle << 32) | (p00 & 0xffffffff);
  return a1 * b1 + (p01 >> 32) + (p10 >> 32) + (middle >> 32);
}

/** One digit of 32 bits: (high × 2^32 + digit) / divisor, with high < divisor; the remainder is in `low`. */
function digit(high: u64, next: u64, divisor: u64): u64 {
  const d1 = divisor >> 32;
  const d0 = divisor & 0xffffffff;
  let quotient = high / d1;
  let rest = high - quotient * d1;
  while (quotient >> 32 !== 0 || quotient * d0 > ((rest << 32) | next)) {
    quotient--;
    rest += d1;
    if (rest >> 32 !== 0) break;
  }
  low = ((high << 32) | next) - quotient * divisor;
  return quotient;
}

/** @param divisor has bit 63 set and is above high; @returns (high:lower) / divisor, the remainder is in `low` */
export function divide(high: u64, lower: u64, divisor: u64): u64 {
  const q1 = digit(high, lower >> 32, divisor);
  const q0 = digit(low, lower & 0xffffffff, divisor);
  return (q1 << 32) | q0;
}

/** @returns the whole root of high:lower, which is at least 2^126; `low` says: 0 exact, 1 below a half more, 3 above */
export function root(high: u64, lower: u64): u64 {
  // The processor's root is exact in 53 bits on every host; one step of Newton's makes 64 of it.
  const near = sqrt<f64>(<f64>high) * 4294967296.0;
  let s: u64 = near >= 18446744073709551616.0 ? u64.MAX_VALUE : <u64>near;
  if (high < s) {
    const q = divide(high, lower, s);
    s = (s & q) + ((s ^ q) >> 1);
  } else s = u64.MAX_VALUE;
  for (;;) {
    const top = multiply(s, s);
    const bottom = low;
    if (top > high || (top === high && bottom > lower)) {
      s--;
      continue;
    }
    // The rest is at most twice the root when the root is right.
    const rest = lower - bottom;
    const carried = high - top - (lower < bottom ? 1 : 0);
    if (carried > 1 || (carried === 1 && rest > s << 1 && s >> 63 === 1) || (carried === 0 && s >> 63 === 0 && rest > s << 1)) {
      s++;
      continue;
    }
    low = carried === 0 && rest === 0 ? 0 : carried === 0 && rest <= s ? 1 : 3;
    return s;
  }
}
