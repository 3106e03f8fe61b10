/**
 * FYL2X and FPATAN where no double holds an operand or the result, FYL2XP1, and F2XM1. The engine's functions are of
 * doubles: they are asked for the logarithm or the angle alone, and what is too large or too small for them is multiplied
 * here. Its FYL2XP1 adds 1 first, and its F2XM1 takes 1 away last, which leaves nothing of a small number.
 */
import { add, product, quotient } from './arithmetic';
import * as n from './number';
import * as r from './round';
import * as s from './x87-state';
import * as x from './x87-exact';
import { CONTROL, STATUS } from './state';

@external('v86', 'instr16_D9_6_reg$original')
declare function engineD96(i: i32): void;
@external('v86', 'instr16_D9_7_reg$original')
declare function engineD97(i: i32): void;
@external('v86', 'set_control_word$original')
declare function setEngineControl(word: i32): void;

export const FYL2X: i32 = 1;
export const FPATAN: i32 = 3;
export const FYL2XP1: i32 = 9;

/** Exponents: below this one a function is its first term. */
export const TINY: i32 = -64;
/** Up to this one, above and below zero, doubles are good enough. */
const MODERATE: i32 = 900;
const ONE: u64 = 0x8000000000000000;
const BIAS: i32 = 16383;
const LN2: f64 = 0.6931471805599453;
/** Of the series for a power, which is of at most half an octave. */
const TERMS: i32 = 18;
const LOG2_E: u64 = 0xb8aa3b295c17f0bc;

/** The machines of older recordings compute as the engine does. */
let precise: bool = false;

export function bePrecise(): void {
  precise = true;
}

/** Runs the engine's own function. Neither precision nor rounding of the control word is for these. */
export function runEngine(which: i32): void {
  const status = <i32>load<u16>(STATUS);
  const control = <i32>load<u16>(CONTROL);
  setEngineControl(s.INITIAL_CONTROL);
  if (which < 8) engineD96(which);
  else engineD97(which - 8);
  setEngineControl(control);
  store<u16>(STATUS, status);
}

// @ts-ignore: decorator
@inline
function moderate(exponent: i32): bool {
  return exponent >= -MODERATE && exponent <= MODERATE;
}

/**
 * Operands are numbers, and no NaNs.
 * @returns whether the result is there, the stack popped: not where the engine's own will do
 */
export function wide(which: i32): bool {
  if (!precise) return false;
  const mantissa = s.mantissaOf(0);
  const top = s.topOf(0);
  const done = compute(which);
  // What is popped stays as it was, and FXSAVE stores it.
  if (done) s.leave(-1, mantissa, top);
  return done;
}

function compute(which: i32): bool {
  n.take80(s.mantissaOf(1), s.topOf(1));
  if (n.kind !== n.FINITE) return false;
  const sign = n.sign;
  const exponent = n.exponent;
  const significand = n.significand;
  n.take80(s.mantissaOf(0), s.topOf(0));
  if (n.kind !== n.FINITE) return false;
  if (which === FPATAN) return wideAngle(sign, exponent, significand);
  if (which === FYL2XP1) {
    if (n.exponent >= 0) return false;
    logarithmOf1More();
  } else {
    if ((moderate(exponent) && moderate(n.exponent)) || n.sign !== 0) return false;
    if (!logarithm()) {
      // Of 1.
      x.zero(sign);
      s.setRegister(0, x.mantissa, x.top);
      return true;
    }
  }
  product(r.rSign ^ sign, r.rExponent, r.rHigh, exponent, significand);
  finish();
  return true;
}

/** F2XM1. @returns whether the result is there: not where the engine's own will do */
export function smallPower(): bool {
  if (!precise) return false;
  n.take80(s.mantissaOf(0), s.topOf(0));
  if (n.kind !== n.FINITE || n.exponent >= -1 || n.exponent < TINY) return false;
  const x = asDouble(n.sign, n.exponent, n.significand) * LN2;
  let sum: f64 = 1;
  for (let i = TERMS; i > 1; i--) sum = 1 + (sum * x) / <f64>i;
  n.take64(reinterpret<u64>(x * sum));
  r.setResult(n.sign, n.exponent, n.significand, 0);
  finish();
  return true;
}

/** A number in the range of doubles, cut off. */
function asDouble(sign: i32, exponent: i32, significand: u64): f64 {
  return reinterpret<f64>((<u64>sign << 63) | (<u64>(exponent + 1023) << 52) | ((significand << 1) >> 12));
}

/** What was computed is the result, and never exact. */
function finish(): void {
  r.setResult(r.rSign, r.rExponent, r.rHigh, r.rLow | 1);
  x.rounded(64);
  s.setRegister(0, x.mantissa, x.top);
}

/** Asks the engine for the logarithm of a number; pops. What it says is taken to pieces. */
function engineLogarithm(mantissa: u64, top: i32): void {
  s.setRegister(0, mantissa, top);
  s.setRegister(1, ONE, BIAS);
  runEngine(FYL2X);
  n.take80(s.mantissaOf(0), s.topOf(0));
}

/** Sets the result to the logarithm of what was taken; pops. @returns whether it is not zero */
function logarithm(): bool {
  const exponent = n.exponent;
  const whole = !moderate(exponent);
  engineLogarithm(n.significand, whole ? BIAS : BIAS + exponent);
  if (!whole) {
    r.setResult(n.sign, n.exponent, n.significand, 0);
    return n.kind !== n.ZERO;
  }
  const size = <u64>(exponent < 0 ? -exponent : exponent);
  const by = <i32>clz<u64>(size);
  const negative = i32(exponent < 0);
  if (n.kind === n.ZERO) r.setResult(negative, 63 - by, size << by, 0);
  else add(negative, 63 - by, size << by, n.sign, n.exponent, n.significand);
  return true;
}

/**
 * Sets the result to the logarithm of 1 more than what was taken, which is less than 1; pops. Where 1 + x is rounded to u,
 * it is that of u times x / (u - 1).
 */
function logarithmOf1More(): void {
  const sign = n.sign;
  const exponent = n.exponent;
  const significand = n.significand;
  const sum = exponent < TINY ? 1.0 : 1.0 + asDouble(sign, exponent, significand);
  if (sum === 1.0 || sum === 0.0) {
    product(sign, exponent, significand, 0, LOG2_E);
    s.pop(1);
    return;
  }
  n.take64(reinterpret<u64>(sum - 1.0));
  const addedExponent = n.exponent;
  const added = n.significand;
  n.take64(reinterpret<u64>(sum));
  engineLogarithm(n.significand, BIAS + n.exponent);
  const negative = n.sign;
  product(0, n.exponent, n.significand, exponent, significand);
  quotient(negative, r.rExponent, r.rHigh, addedExponent, added);
}

/** The angle of two numbers is that of both times the same power of two. */
function wideAngle(sign: i32, exponent: i32, significand: u64): bool {
  const steep = exponent - n.exponent;
  if (moderate(exponent) && moderate(n.exponent) && moderate(steep)) return false;
  if (steep < TINY && n.sign === 0) {
    quotient(sign, exponent, significand, n.exponent, n.significand);
    s.pop(1);
    finish();
    return true;
  }
  const other = steep > -TINY ? -TINY : steep < TINY ? TINY : steep;
  s.setRegister(0, n.significand, (n.sign << 15) | BIAS);
  s.setRegister(1, significand, (sign << 15) | (BIAS + other));
  runEngine(FPATAN);
  r.raise(r.INEXACT);
  return true;
}
