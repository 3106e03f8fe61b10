/** Rounding: from a result of 128 bits to a format's, with the exceptions that this raises. */

export const INVALID: i32 = 1;
export const DENORMAL: i32 = 2;
export const DIVIDE: i32 = 4;
export const OVERFLOW: i32 = 8;
export const UNDERFLOW: i32 = 16;
export const INEXACT: i32 = 32;

export const NEAREST: i32 = 0;
export const DOWN: i32 = 1;
export const UP: i32 = 2;
export const TRUNCATE: i32 = 3;

/** The exceptions of the operation that is under way, as bits of MXCSR and of the status word. */
export let raised: i32 = 0;
/** Whether the last rounding went away from zero: the x87's C1. */
export let roundedUp: bool = false;

/** What the last operation computed, before it is rounded. */
export let rSign: i32 = 0;
export let rExponent: i32 = 0;
export let rHigh: u64 = 0;
export let rLow: u64 = 0;

/** The rounded significand (bit 63 is before the point; 0 for zero) and exponent; an infinity is at `INFINITY`. */
export let mantissa: u64 = 0;
export let exponent: i32 = 0;
export const INFINITY: i32 = 0x10000;
/** Whether it is denormal: the exponent is the least and bit 63 is clear. */
export let tiny: bool = false;

export function begin(): void {
  raised = 0;
  roundedUp = false;
}

export function raise(flags: i32): void {
  raised |= flags;
}

/** What is not to be told after all. */
export function withdraw(flags: i32): void {
  raised &= ~flags;
}

export function setResult(sign: i32, exp: i32, high: u64, lower: u64): void {
  rSign = sign;
  rExponent = exp;
  rHigh = high;
  rLow = lower;
}

/** Whether a significand whose bits below the kept ones are `rest` (of 2^shift) and `sticky` is made larger. */
function away(mode: i32, sign: i32, odd: bool, half: bool, below: bool): bool {
  if (mode === NEAREST) return half && (below || odd);
  if (mode === TRUNCATE) return false;
  return (mode === UP) === (sign === 0) && (half || below);
}

/** Rounds high:low to `precision` bits; sets `mantissa`, `roundedUp`; @returns 0 exact, 1 inexact, 3 inexact with a carry */
function toPrecision(high: u64, lower: u64, precision: i32, mode: i32): i32 {
  const drop = 64 - precision;
  let kept = high;
  let half: bool;
  let below: bool;
  if (drop === 0) {
    half = lower >> 63 !== 0;
    below = lower << 1 !== 0;
  } else {
    const unit = <u64>1 << (drop - 1);
    half = (high & unit) !== 0;
    below = (high & (unit - 1)) !== 0 || lower !== 0;
    kept = (high >> drop) << drop;
  }
  mantissa = kept;
  roundedUp = false;
  if (!half && !below) return 0;
  const step = <u64>1 << drop;
  if (!away(mode, rSign, (kept & step) !== 0, half, below)) return 1;
  roundedUp = true;
  mantissa = kept + step;
  // A carry out of the top makes 10.000.
  if (mantissa >= step) return 1;
  mantissa = 1 << 63;
  return 3;
}

/** The result is zero, or moved right to the least exponent. */
function toDenormal(least: i32, precision: i32, mode: i32): void {
  const by = least - rExponent;
  let high: u64 = 0;
  let lower: u64 = 0;
  if (by < 64) {
    high = rHigh >> by;
    lower = (rHigh << (64 - by)) | (rLow >> by) | (rLow << (64 - by) !== 0 ? 1 : 0);
  } else if (by === 64) {
    lower = rHigh | (rLow !== 0 ? 1 : 0);
  } else if (by < 128) {
    lower = (rHigh >> (by - 64)) | (rHigh << (128 - by) !== 0 || rLow !== 0 ? 1 : 0);
  } else lower = 1;
  const how = toPrecision(high, lower, precision, mode);
  if (how !== 0) raised |= INEXACT | UNDERFLOW;
  exponent = least;
  tiny = mantissa >> 63 === 0;
}

/**
 * Rounds the result (not zero) to a format.
 * @param masks the exceptions that are masked; an unmasked overflow or underflow leaves the exponent beyond the format's
 * @param flush masked underflow makes zero (MXCSR.FTZ)
 */
export function round(precision: i32, least: i32, greatest: i32, mode: i32, masks: i32, flush: bool): void {
  tiny = false;
  const how = toPrecision(rHigh, rLow, precision, mode);
  exponent = rExponent + (how >> 1);
  if (exponent < least) {
    if (!(masks & UNDERFLOW)) {
      raised |= UNDERFLOW | (how !== 0 ? INEXACT : 0);
      return;
    }
    if (flush) {
      raised |= UNDERFLOW | INEXACT;
      mantissa = 0;
      return;
    }
    toDenormal(least, precision, mode);
    return;
  }
  // Just below the least, rounded to it: not tiny, but the digits are those of the denormal, which is the same number or a smaller one.
  if (how !== 0) raised |= INEXACT;
  if (exponent <= greatest) return;
  raised |= OVERFLOW;
  if (!(masks & OVERFLOW)) return;
  raised |= INEXACT;
  if (mode === NEAREST || (mode === UP && rSign === 0) || (mode === DOWN && rSign !== 0)) {
    exponent = INFINITY;
    mantissa = 1 << 63;
    roundedUp = true;
    return;
  }
  exponent = greatest;
  mantissa = u64.MAX_VALUE << (64 - precision);
  roundedUp = false;
}

/** Another way rounded: whether away from zero. */
export function setRoundedUp(up: bool): void {
  roundedUp = up;
}
