/** What the x87 computes from the parts of numbers: FRNDINT, FSCALE, FXTRACT, FPREM, FPREM1. */
import * as n from './number';
import * as r from './round';
import { inexact, wholeOf, wholeUp } from './sse-exact';
import * as x from './x87-exact';

/** FRNDINT. */
export function toInteger(a: u64, top: i32): void {
  if (!x.takeOne(a, top)) return;
  x.setResult(a, top);
  if (n.kind !== n.FINITE) return;
  if (n.denormal) r.raise(r.DENORMAL);
  if (n.exponent >= 63) return;
  const whole = wholeOf(n.sign, n.exponent, n.significand, x.mode);
  if (inexact) r.raise(r.INEXACT);
  r.setRoundedUp(wholeUp);
  if (whole === 0) {
    x.zero(n.sign);
    return;
  }
  const shift = <i32>clz<u64>(whole);
  x.setResult(whole << shift, (n.sign << 15) | (16383 + 63 - shift));
}

/** FSCALE: a × 2^b, b cut to a whole number. */
export function scaled(a: u64, aTop: i32, b: u64, bTop: i32): void {
  n.take80(a, aTop);
  const aKind = n.kind;
  const aSign = n.sign;
  const aExp = n.exponent;
  const aSig = n.significand;
  const aDenormal = n.denormal;
  n.take80(b, bTop);
  if (aKind >= n.QUIET || n.kind >= n.QUIET) {
    x.nanOf(a, aTop, aKind, b, bTop, n.kind);
    return;
  }
  if (n.kind === n.INFINITE) {
    if (n.sign ? aKind === n.INFINITE : aKind === n.ZERO) {
      x.invalid();
      return;
    }
    if (aDenormal) r.raise(r.DENORMAL);
    if (n.sign) x.zero(aSign);
    else x.infinity(aSign);
    return;
  }
  if (aDenormal || n.denormal) r.raise(r.DENORMAL);
  if (aKind !== n.FINITE) {
    x.setResult(a, aTop);
    return;
  }
  let by = 0;
  if (n.kind === n.FINITE && n.exponent >= 0) by = n.exponent > 16 ? 0x10000 : <i32>(n.significand >> (63 - n.exponent));
  // What lies further out overflows or underflows all the same; and an infinity has an exponent of its own.
  const FAR = 0xc000;
  const exponent = max(-FAR, min(FAR, aExp + (n.sign ? -by : by)));
  r.setResult(aSign, exponent, aSig, 0);
  x.rounded(64);
}

/** What FXTRACT pushes; the exponent it leaves is the result. */
export let significand: u64 = 0;
export let significandTop: i32 = 0;

export function extract(a: u64, top: i32): void {
  significand = a;
  significandTop = top;
  if (!x.takeOne(a, top)) {
    significand = x.mantissa;
    significandTop = x.top;
    return;
  }
  if (n.kind === n.ZERO) {
    r.raise(r.DIVIDE);
    x.infinity(1);
    return;
  }
  if (n.kind === n.INFINITE) {
    x.infinity(0);
    return;
  }
  if (n.denormal) r.raise(r.DENORMAL);
  significand = n.significand;
  significandTop = (n.sign << 15) | 0x3fff;
  const exponent = n.exponent;
  if (exponent === 0) {
    x.zero(0);
    return;
  }
  const magnitude = <u64>(exponent < 0 ? -exponent : exponent);
  const shift = <i32>clz<u64>(magnitude);
  x.setResult(magnitude << shift, (exponent < 0 ? 0x8000 : 0) | (16383 + 63 - shift));
}

/** The last three bits of the last remainder's quotient; whether more steps are needed. */
export let quotientBits: i32 = 0;
export let partial: bool = false;

/** FPREM, and FPREM1 with `nearest`. */
export function remainder(a: u64, aTop: i32, b: u64, bTop: i32, nearest: bool): void {
  quotientBits = 0;
  partial = false;
  n.take80(a, aTop);
  const aKind = n.kind;
  const sign = n.sign;
  let exponent = n.exponent;
  let rest = n.significand;
  const aDenormal = n.denormal;
  n.take80(b, bTop);
  if (aKind >= n.QUIET || n.kind >= n.QUIET) {
    x.nanOf(a, aTop, aKind, b, bTop, n.kind);
    return;
  }
  if (aKind === n.INFINITE || n.kind === n.ZERO) {
    x.invalid();
    return;
  }
  if (aDenormal || n.denormal) r.raise(r.DENORMAL);
  if (aKind === n.ZERO) {
    x.setResult(a, aTop);
    return;
  }
  // Where it is the remainder itself, it underflows as any result does, and a pseudo-denormal comes out as a normal number.
  r.setResult(sign, exponent, rest, 0);
  const divisor = n.significand;
  let steps = exponent - n.exponent;
  if (n.kind === n.INFINITE || steps < -1 || (steps < 0 && !nearest)) {
    x.rounded(64);
    return;
  }
  let least = n.exponent;
  let quotient: u64 = 0;
  let high = false;
  if (steps >= 64) {
    // Takes at least 32 off, and leaves a multiple of what is to be done.
    const now = 32 + (steps & 31);
    partial = true;
    least = exponent - now;
    steps = now;
  }
  if (steps >= 0) {
    for (let i = steps; ; i--) {
      quotient <<= 1;
      if (high || rest >= divisor) {
        rest -= divisor;
        quotient |= 1;
      }
      if (i === 0) break;
      high = rest >> 63 !== 0;
      rest <<= 1;
    }
  }
  let negative = sign;
  if (nearest && !partial) {
    // Compares twice the rest with the divisor; below the least by one step it is half of one already.
    let up: bool;
    if (steps < 0) {
      up = rest > divisor;
      if (up) {
        // The divisor less a half of the rest, in units of half the divisor's last place.
        quotient = 1;
        const twice = (divisor << 1) - rest;
        finishRemainder(negative ^ 1, least - 1, twice);
        quotientBits = 1;
        return;
      }
      x.rounded(64);
      return;
    }
    const other = divisor - rest;
    up = rest > other || (rest === other && (quotient & 1) !== 0);
    if (up) {
      rest = other;
      negative ^= 1;
      quotient++;
    }
  }
  quotientBits = partial ? 0 : <i32>(quotient & 7);
  if (rest === 0) {
    x.zero(sign);
    return;
  }
  const shift = <i32>clz<u64>(rest);
  r.setResult(negative, least - shift, rest << shift, 0);
  x.rounded(64);
}

/** divisor - rest / 2 with both of 64 bits: exact in 64 bits, as the rest is above the divisor. */
function finishRemainder(sign: i32, exponent: i32, twice: u64): void {
  // 2 × divisor - rest is at most the divisor: it fits.
  const shift = <i32>clz<u64>(twice);
  r.setResult(sign, exponent - shift, twice << shift, 0);
  x.rounded(64);
}
