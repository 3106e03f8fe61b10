/** One lane of SSE's arithmetic as a processor does it: any rounding, all exceptions, NaNs. The quick ways are elsewhere. */
import { add, product, quotient, squareRoot } from './arithmetic';
import * as n from './number';
import * as r from './round';

export const ADD: i32 = 0;
export const MULTIPLY: i32 = 1;
export const SUBTRACT: i32 = 2;
export const MINIMUM: i32 = 3;
export const DIVISION: i32 = 4;
export const MAXIMUM: i32 = 5;

const MXCSR: usize = 824;
/** The exceptions that are known before anything is computed. */
const BEFORE: i32 = r.INVALID | r.DENORMAL | r.DIVIDE;

/** Of MXCSR, as `beginExact` read it. */
let mode: i32 = 0;
let masks: i32 = 0;
let zeroes: bool = false;
let flushes: bool = false;
/** The last bits of an operand that is returned as it is. */
const QUIET_32: u64 = 0x400000;
const QUIET_64: u64 = 0x8000000000000;

/** Reads MXCSR; no exceptions so far. */
export function beginExact(): void {
  const word = load<i32>(MXCSR);
  mode = (word >> 13) & 3;
  masks = (word >> 7) & 0x3f;
  zeroes = (word & 0x40) !== 0;
  flushes = (word & 0x8000) !== 0;
  r.begin();
}

function take(wide: bool, bits: u64): void {
  if (wide) n.take64(bits);
  else n.take32(<u32>bits);
  if (n.denormal && zeroes) n.takeAsZero();
}

function zero(wide: bool, sign: i32): u64 {
  return wide ? <u64>sign << 63 : <u64>(<u32>sign << 31);
}

function infinity(wide: bool, sign: i32): u64 {
  return zero(wide, sign) | (wide ? 0x7ff0000000000000 : 0x7f800000);
}

function indefinite(wide: bool): u64 {
  r.raise(r.INVALID);
  return wide ? 0xfff8000000000000 : 0xffc00000;
}

/** Rounds what was computed, and packs it. */
function packed(wide: bool): u64 {
  // An unmasked exception of the operands ends the instruction before it rounds.
  if (r.raised & ~masks & BEFORE) return 0;
  const least = wide ? -1022 : -126;
  r.round(wide ? 53 : 24, least, wide ? 1023 : 127, mode, masks, flushes);
  const sign = r.rSign;
  if (r.exponent === r.INFINITY) return infinity(wide, sign);
  if (r.mantissa === 0) return zero(wide, sign);
  const field = r.tiny ? 0 : r.exponent + (wide ? 1023 : 127);
  if (wide) return zero(true, sign) | ((<u64>(field & 0x7ff)) << 52) | ((r.mantissa >> 11) & 0xfffffffffffff);
  return zero(false, sign) | ((<u64>(field & 0xff)) << 23) | ((r.mantissa >> 40) & 0x7fffff);
}

/** The result of two operands of which one is a NaN: the first that is, quiet. */
function ofNans(wide: bool, a: u64, aKind: i32, b: u64, bKind: i32): u64 {
  if (aKind === n.SIGNALLING || bKind === n.SIGNALLING) r.raise(r.INVALID);
  return (aKind >= n.QUIET ? a : b) | (wide ? QUIET_64 : QUIET_32);
}

/** @param operation ADD to MAXIMUM: the opcode less 58h */
export function binary(wide: bool, operation: i32, a: u64, b: u64): u64 {
  take(wide, a);
  const aKind = n.kind;
  const aSign = n.sign;
  const aExp = n.exponent;
  const aSig = n.significand;
  const aDenormal = n.denormal;
  take(wide, b);
  const bKind = n.kind;
  let bSign = n.sign;
  if (operation === MINIMUM || operation === MAXIMUM) {
    if (aKind >= n.QUIET || bKind >= n.QUIET) {
      r.raise(r.INVALID);
      return bKind === n.ZERO ? zero(wide, bSign) : b;
    }
    if (aDenormal || n.denormal) r.raise(r.DENORMAL);
    const order = compared(aKind, aSign, aExp, aSig, bKind, bSign, n.exponent, n.significand);
    const first = operation === MINIMUM ? order < 0 : order > 0;
    if (first) return aKind === n.ZERO ? zero(wide, aSign) : a;
    return bKind === n.ZERO ? zero(wide, bSign) : b;
  }
  if (aKind >= n.QUIET || bKind >= n.QUIET) return ofNans(wide, a, aKind, b, bKind);
  const denormal = aDenormal || n.denormal;
  if (operation === ADD || operation === SUBTRACT) {
    if (operation === SUBTRACT) bSign ^= 1;
    if (aKind === n.INFINITE || bKind === n.INFINITE) {
      if (aKind === bKind && aSign !== bSign) return indefinite(wide);
      if (denormal) r.raise(r.DENORMAL);
      return infinity(wide, aKind === n.INFINITE ? aSign : bSign);
    }
    if (denormal) r.raise(r.DENORMAL);
    if (bKind === n.ZERO) {
      if (aKind === n.ZERO) return zero(wide, aSign === bSign ? aSign : mode === r.DOWN ? 1 : 0);
      r.setResult(aSign, aExp, aSig, 0);
    } else if (aKind === n.ZERO) r.setResult(bSign, n.exponent, n.significand, 0);
    else if (!add(aSign, aExp, aSig, bSign, n.exponent, n.significand)) return zero(wide, mode === r.DOWN ? 1 : 0);
    return packed(wide);
  }
  const sign = aSign ^ bSign;
  if (operation === MULTIPLY) {
    if (aKind === n.INFINITE || bKind === n.INFINITE) {
      if (aKind === n.ZERO || bKind === n.ZERO) return indefinite(wide);
      if (denormal) r.raise(r.DENORMAL);
      return infinity(wide, sign);
    }
    if (denormal) r.raise(r.DENORMAL);
    if (aKind === n.ZERO || bKind === n.ZERO) return zero(wide, sign);
    product(sign, aExp, aSig, n.exponent, n.significand);
    return packed(wide);
  }
  if (aKind === n.INFINITE) {
    if (bKind === n.INFINITE) return indefinite(wide);
    if (denormal) r.raise(r.DENORMAL);
    return infinity(wide, sign);
  }
  if (bKind === n.ZERO) {
    if (aKind === n.ZERO) return indefinite(wide);
    r.raise(r.DIVIDE);
    return infinity(wide, sign);
  }
  if (denormal) r.raise(r.DENORMAL);
  if (bKind === n.INFINITE || aKind === n.ZERO) return zero(wide, sign);
  quotient(sign, aExp, aSig, n.exponent, n.significand);
  return packed(wide);
}

/** @returns below, at or above 0 as the first is below, at or above the second; neither is a NaN */
export function compared(
  aKind: i32,
  aSign: i32,
  aExp: i32,
  aSig: u64,
  bKind: i32,
  bSign: i32,
  bExp: i32,
  bSig: u64,
): i32 {
  if (aKind === n.ZERO && bKind === n.ZERO) return 0;
  if (aKind === n.ZERO) return bSign ? 1 : -1;
  if (bKind === n.ZERO || aSign !== bSign) return aSign ? -1 : 1;
  const larger = aSign ? -1 : 1;
  if (aKind !== bKind) return aKind === n.INFINITE ? larger : -larger;
  if (aKind === n.INFINITE) return 0;
  if (aExp !== bExp) return aExp > bExp ? larger : -larger;
  return aSig === bSig ? 0 : aSig > bSig ? larger : -larger;
}

/** What `compare` returns of operands that have no order. */
export const UNORDERED: i32 = 2;

/** @param quiet only signalling NaNs are invalid; @returns -1, 0, 1, or UNORDERED */
export function compare(wide: bool, a: u64, b: u64, quiet: bool): i32 {
  take(wide, a);
  const aKind = n.kind;
  const aSign = n.sign;
  const aExp = n.exponent;
  const aSig = n.significand;
  const aDenormal = n.denormal;
  take(wide, b);
  if (aKind >= n.QUIET || n.kind >= n.QUIET) {
    if (!quiet || aKind === n.SIGNALLING || n.kind === n.SIGNALLING) r.raise(r.INVALID);
    return UNORDERED;
  }
  if (aDenormal || n.denormal) r.raise(r.DENORMAL);
  return compared(aKind, aSign, aExp, aSig, n.kind, n.sign, n.exponent, n.significand);
}

/** CMPPS and its kin: whether the predicate holds. */
export function holds(wide: bool, predicate: i32, a: u64, b: u64): bool {
  const which = predicate & 3;
  return holdsFor(predicate, compare(wide, a, b, which === 0 || which === 3));
}

/** Whether a predicate holds for numbers of this order. */
export function holdsFor(predicate: i32, order: i32): bool {
  const which = predicate & 3;
  let yes: bool;
  if (which === 0) yes = order === 0;
  else if (which === 1) yes = order === -1;
  else if (which === 2) yes = order <= 0;
  else yes = order === UNORDERED;
  return yes !== ((predicate & 4) !== 0);
}

export function squareRootOf(wide: bool, a: u64): u64 {
  take(wide, a);
  if (n.kind >= n.QUIET) return ofNans(wide, a, n.kind, a, n.kind);
  if (n.kind === n.ZERO) return zero(wide, n.sign);
  if (n.sign) return indefinite(wide);
  if (n.kind === n.INFINITE) return a;
  if (n.denormal) r.raise(r.DENORMAL);
  squareRoot(n.exponent, n.significand);
  return packed(wide);
}

/** CVTSS2SD, CVTPS2PD. */
export function widened(a: u32): u64 {
  take(false, a);
  const sign = zero(true, n.sign);
  if (n.kind >= n.QUIET) {
    if (n.kind === n.SIGNALLING) r.raise(r.INVALID);
    return sign | 0x7ff8000000000000 | ((<u64>a & 0x7fffff) << 29);
  }
  if (n.kind === n.ZERO) return sign;
  if (n.kind === n.INFINITE) return infinity(true, n.sign);
  if (n.denormal) r.raise(r.DENORMAL);
  return sign | ((<u64>(n.exponent + 1023)) << 52) | ((n.significand >> 11) & 0xfffffffffffff);
}

/** CVTSD2SS, CVTPD2PS. */
export function narrowed(a: u64): u32 {
  take(true, a);
  const sign = <u32>zero(false, n.sign);
  if (n.kind >= n.QUIET) {
    if (n.kind === n.SIGNALLING) r.raise(r.INVALID);
    return sign | 0x7fc00000 | <u32>((a >> 29) & 0x3fffff);
  }
  if (n.kind === n.ZERO) return sign;
  if (n.kind === n.INFINITE) return <u32>infinity(false, n.sign);
  if (n.denormal) r.raise(r.DENORMAL);
  r.setResult(n.sign, n.exponent, n.significand, 0);
  return <u32>packed(false);
}

/** CVTPS2DQ and its kin: the nearest whole number of 32 bits. @param truncates whatever MXCSR says */
export function toWhole(wide: bool, a: u64, truncates: bool): i32 {
  take(wide, a);
  if (n.kind === n.ZERO) return 0;
  if (n.kind !== n.FINITE || n.exponent > 31) return notWhole();
  const value = wholeOf(n.sign, n.exponent, n.significand, truncates ? r.TRUNCATE : mode);
  if (value > <u64>0x7fffffff + <u64>n.sign) return notWhole();
  if (inexact) r.raise(r.INEXACT);
  return n.sign ? -(<i32>value) : <i32>value;
}

function notWhole(): i32 {
  r.raise(r.INVALID);
  return i32.MIN_VALUE;
}

/** Whether the last number that `wholeOf` rounded was none, and whether it went away from zero. */
export let inexact: bool = false;
export let wholeUp: bool = false;

/** @param exponent below 64; @returns the magnitude (0 where 2^64 comes out, which `wholeCarry` tells) */
export function wholeOf(sign: i32, exponent: i32, significand: u64, rounding: i32): u64 {
  let kept: u64 = 0;
  let half = false;
  let below = false;
  if (exponent >= 0) {
    kept = significand >> (63 - exponent);
    const rest = exponent === 63 ? 0 : significand << (exponent + 1);
    half = rest >> 63 !== 0;
    below = rest << 1 !== 0;
  } else {
    half = exponent === -1;
    below = half ? significand << 1 !== 0 : true;
  }
  inexact = half || below;
  wholeUp =
    inexact &&
    (rounding === r.NEAREST
      ? half && (below || (kept & 1) !== 0)
      : rounding !== r.TRUNCATE && (rounding === r.UP) === (sign === 0));
  return wholeUp ? kept + 1 : kept;
}

/** CVTSI2SS, CVTDQ2PS, CVTPI2PS. */
export function singleOf(value: i32): u32 {
  if (value === 0) return 0;
  const magnitude = <u64>(value < 0 ? -(<i64>value) : <i64>value);
  const shift = <i32>clz<u64>(magnitude);
  r.setResult(value < 0 ? 1 : 0, 63 - shift, magnitude << shift, 0);
  return <u32>packed(false);
}

/** Adds what was raised to MXCSR. @returns whether an exception is to be delivered: nothing is to be written then */
export function finishExact(): bool {
  let flags = r.raised;
  if (flags === 0) return false;
  // An exception of operands that is to be delivered leaves no trace of results: in no lane.
  if (flags & ~masks & BEFORE) flags &= BEFORE;
  store<i32>(MXCSR, load<i32>(MXCSR) | flags);
  return (flags & ~masks) !== 0;
}

/** Another way found that a result was rounded. */
export function inexactly(): void {
  r.raise(r.INEXACT);
}
