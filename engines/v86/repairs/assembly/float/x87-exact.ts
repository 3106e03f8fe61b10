/** The x87's arithmetic on numbers of 80 bits, with the exceptions it raises. Results are in `mantissa` and `top`. */
import { add, product, quotient, squareRoot } from './arithmetic';
import * as n from './number';
import * as r from './round';
import { compared, UNORDERED } from './sse-exact';
import { CONTROL } from './state';

export const ADD: i32 = 0;
export const MULTIPLY: i32 = 1;
export const SUBTRACT: i32 = 4;
export const SUBTRACT_REVERSED: i32 = 5;
export const DIVISION: i32 = 6;
export const DIVISION_REVERSED: i32 = 7;

/** The result: its significand, and its sign and exponent. */
export let mantissa: u64 = 0;
export let top: i32 = 0;
/** Of the control word. */
export let mode: i32 = 0;
export let masks: i32 = 0;
let precision: i32 = 64;

const INTEGER_BIT: u64 = 0x8000000000000000;
const QUIET_BIT: u64 = 0x4000000000000000;
/** Added to or taken from the exponent of a result whose overflow or underflow is not masked. */
const WRAP: i32 = 24576;

/** Reads the control word; no exceptions so far. */
export function begin(): void {
  const word = <i32>load<u16>(CONTROL);
  masks = word & 0x3f;
  mode = (word >> 10) & 3;
  const which = (word >> 8) & 3;
  precision = which === 0 ? 24 : which === 2 ? 53 : 64;
  r.begin();
}

export function setResult(significand: u64, signAndExponent: i32): void {
  mantissa = significand;
  top = signAndExponent;
}

export function indefinite(): void {
  setResult(INTEGER_BIT | QUIET_BIT, 0xffff);
}

export function invalid(): void {
  r.raise(r.INVALID);
  indefinite();
}

export function zero(sign: i32): void {
  setResult(0, sign << 15);
}

export function infinity(sign: i32): void {
  setResult(INTEGER_BIT, (sign << 15) | 0x7fff);
}

/** Rounds what was computed, to what the control word says or to 64 bits. */
export function rounded(bits: i32): void {
  r.round(bits, -16382, 16383, mode, masks, false);
  const sign = r.rSign << 15;
  if (r.exponent === r.INFINITY) {
    setResult(INTEGER_BIT, sign | 0x7fff);
    return;
  }
  let exponent = r.exponent;
  if (exponent > 16383) exponent -= WRAP;
  else if (exponent < -16382) exponent += WRAP;
  // FSCALE goes further than that; then the result is what it would be without a limit.
  if (exponent > 16383) {
    r.raise(r.INEXACT);
    r.setRoundedUp(true);
    infinity(r.rSign);
    return;
  }
  if (exponent < -16382) {
    r.raise(r.INEXACT);
    r.setRoundedUp(false);
    zero(r.rSign);
    return;
  }
  setResult(r.mantissa, sign | (r.tiny || r.mantissa === 0 ? 0 : exponent + 16383));
}

/** The NaN of two operands of which one is one: quiet ones before signalling ones, then the larger significand. */
export function nanOf(a: u64, aTop: i32, aKind: i32, b: u64, bTop: i32, bKind: i32): void {
  if (aKind === n.UNSUPPORTED || bKind === n.UNSUPPORTED) {
    invalid();
    return;
  }
  if (aKind === n.SIGNALLING || bKind === n.SIGNALLING) r.raise(r.INVALID);
  let first = aKind >= n.QUIET;
  if (first && bKind >= n.QUIET) {
    if (aKind !== bKind) first = aKind === n.QUIET;
    else if (a !== b) first = a > b;
    else first = aTop < bTop;
  }
  if (first) setResult(a | QUIET_BIT, aTop);
  else setResult(b | QUIET_BIT, bTop);
}

/** @param bDenormal whether the second was a denormal of a smaller format */
export function binary(operation: i32, a: u64, aTop: i32, b: u64, bTop: i32, bDenormal: bool): void {
  if (operation === SUBTRACT_REVERSED || operation === DIVISION_REVERSED) {
    // NaNs are chosen alike in either order.
    n.take80(a, aTop);
    const reversed = n.denormal;
    compute(operation - 1, b, bTop, bDenormal, a, aTop, reversed);
  } else compute(operation, a, aTop, false, b, bTop, bDenormal);
}

function compute(operation: i32, a: u64, aTop: i32, aWas: bool, b: u64, bTop: i32, bWas: bool): void {
  n.take80(a, aTop);
  const aKind = n.kind;
  const aSign = n.sign;
  const aExp = n.exponent;
  const aSig = n.significand;
  const aDenormal = n.denormal || aWas;
  n.take80(b, bTop);
  const bKind = n.kind;
  let bSign = n.sign;
  if (aKind >= n.QUIET || bKind >= n.QUIET) {
    nanOf(a, aTop, aKind, b, bTop, bKind);
    return;
  }
  const denormal = aDenormal || n.denormal || bWas;
  const sign = aSign ^ bSign;
  if (operation === DIVISION && bKind === n.ZERO && aKind === n.FINITE) {
    r.raise(r.DIVIDE);
    infinity(sign);
    return;
  }
  if (aKind === n.INFINITE || bKind === n.INFINITE || aKind === n.ZERO || bKind === n.ZERO) {
    special(operation, aKind, aSign, bKind, operation === SUBTRACT ? bSign ^ 1 : bSign, denormal);
    if (operation === ADD || operation === SUBTRACT) {
      if (aKind === n.FINITE && bKind === n.ZERO) {
        r.setResult(aSign, aExp, aSig, 0);
        rounded(precision);
      } else if (bKind === n.FINITE && aKind === n.ZERO) {
        r.setResult(operation === SUBTRACT ? bSign ^ 1 : bSign, n.exponent, n.significand, 0);
        rounded(precision);
      }
    }
    return;
  }
  if (denormal) r.raise(r.DENORMAL);
  if (operation === MULTIPLY) product(sign, aExp, aSig, n.exponent, n.significand);
  else if (operation === DIVISION) quotient(sign, aExp, aSig, n.exponent, n.significand);
  else {
    if (operation === SUBTRACT) bSign ^= 1;
    if (!add(aSign, aExp, aSig, bSign, n.exponent, n.significand)) {
      zero(mode === r.DOWN ? 1 : 0);
      return;
    }
  }
  rounded(precision);
}

/** Where one is infinite or zero. */
function special(operation: i32, aKind: i32, aSign: i32, bKind: i32, bSign: i32, denormal: bool): void {
  const sign = aSign ^ bSign;
  if (operation === MULTIPLY) {
    if (aKind + bKind === n.INFINITE + n.ZERO && aKind !== bKind && aKind !== n.FINITE) {
      invalid();
      return;
    }
    if (aKind === n.INFINITE || bKind === n.INFINITE) infinity(sign);
    else zero(sign);
  } else if (operation === DIVISION) {
    if (aKind === bKind) {
      invalid();
      return;
    }
    if (aKind === n.INFINITE) infinity(sign);
    else zero(sign);
  } else if (aKind === n.INFINITE || bKind === n.INFINITE) {
    if (aKind === bKind && aSign !== bSign) {
      invalid();
      return;
    }
    infinity(aKind === n.INFINITE ? aSign : bSign);
  } else if (aKind === bKind) zero(aSign === bSign ? aSign : mode === r.DOWN ? 1 : 0);
  if (denormal) r.raise(r.DENORMAL);
}

/** @param quiet only signalling NaNs are invalid (and what is no number); @returns -1, 0, 1 or UNORDERED */
export function compare(a: u64, aTop: i32, b: u64, bTop: i32, bDenormal: bool, quiet: bool): i32 {
  n.take80(a, aTop);
  const aKind = n.kind;
  const aSign = n.sign;
  const aExp = n.exponent;
  const aSig = n.significand;
  const denormal = n.denormal || bDenormal;
  n.take80(b, bTop);
  if (aKind >= n.QUIET || n.kind >= n.QUIET) {
    if (!quiet || aKind >= n.SIGNALLING || n.kind >= n.SIGNALLING) r.raise(r.INVALID);
    return UNORDERED;
  }
  if (denormal || n.denormal) r.raise(r.DENORMAL);
  return compared(aKind, aSign, aExp, aSig, n.kind, n.sign, n.exponent, n.significand);
}

/** Takes an operand alone. @returns whether it is a number to compute with; else the result is there */
export function takeOne(a: u64, aTop: i32): bool {
  n.take80(a, aTop);
  if (n.kind < n.QUIET) return true;
  nanOf(a, aTop, n.kind, a, aTop, n.kind);
  return false;
}

export function squareRootOf(a: u64, aTop: i32): void {
  if (!takeOne(a, aTop)) return;
  if (n.kind === n.ZERO) setResult(a, aTop);
  else if (n.sign) invalid();
  else if (n.kind === n.INFINITE) setResult(a, aTop);
  else {
    if (n.denormal) r.raise(r.DENORMAL);
    squareRoot(n.exponent, n.significand);
    rounded(precision);
  }
}
