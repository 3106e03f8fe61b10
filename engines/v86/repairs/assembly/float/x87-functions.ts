/**
 * D9 F0 to D9 FF: roots, remainders, scaling, and the transcendental functions, of which the engine's own give the values.
 * In the place of the engine's functions, so that what observes these observes them here.
 */
import { product } from './arithmetic';
import * as n from './number';
import * as o from './x87-operations';
import * as p from './x87-parts';
import * as r from './round';
import * as s from './x87-state';
import * as x from './x87-exact';
import { bePrecise, FPATAN, FYL2X, FYL2XP1, runEngine, smallPower, TINY, wide } from './x87-wide';

const F2XM1: i32 = 0;
const FPTAN: i32 = 2;
const FXTRACT: i32 = 4;
const FPREM1: i32 = 5;
const FDECSTP: i32 = 6;
const FINCSTP: i32 = 7;
const FPREM: i32 = 8;
const FSQRT: i32 = 10;
const FSINCOS: i32 = 11;
const FRNDINT: i32 = 12;
const FSCALE: i32 = 13;
const FCOS: i32 = 15;

/** The least exponent of a normal number. */
const LEAST: i32 = -16382;

/** FCHS, FABS, FTST, FXAM. */
export function x87D94(i: i32): void {
  if (i === 0) o.changeSign(0x8000, 0x8000);
  else if (i === 1) o.changeSign(0, 0);
  else if (i === 4) o.test();
  else o.examine();
}

/** Constants. */
export function x87D95(i: i32): void {
  o.pushConstant(i);
}

export function x87D96(i: i32): void {
  run(i);
}

export function x87D97(i: i32): void {
  run(8 + i);
}

/** The same with the repair x87-logarithms. */
export function preciseD96(i: i32): void {
  bePrecise();
  run(i);
}

export function preciseD97(i: i32): void {
  bePrecise();
  run(8 + i);
}

function run(which: i32): void {
  s.begin();
  switch (which) {
    case FDECSTP:
    case FINCSTP:
      s.moveTop(which === FINCSTP ? 1 : -1);
      s.finish(s.C1, 0);
      return;
    case FXTRACT:
      extract();
      return;
    case FPREM1:
    case FPREM:
      remainder(which === FPREM1);
      return;
    case FSQRT:
      if (!s.underflows(0)) x.squareRootOf(s.mantissaOf(0), s.topOf(0));
      o.finishUnary();
      return;
    case FRNDINT:
      if (!s.underflows(0)) p.toInteger(s.mantissaOf(0), s.topOf(0));
      o.finishUnary();
      return;
    case FSCALE:
      if (!s.underflows(0) && !s.underflows(1))
        p.scaled(s.mantissaOf(0), s.topOf(0), s.mantissaOf(1), s.topOf(1));
      o.finishUnary();
      return;
    default:
      transcendental(which);
  }
}

function extract(): void {
  let significand: u64 = 0;
  let significandTop = 0;
  if (s.underflows(0)) {
    significand = x.mantissa;
    significandTop = x.top;
  } else if (!s.isEmpty(-1)) {
    s.stackFaults(true);
    significand = x.mantissa;
    significandTop = x.top;
  } else {
    p.extract(s.mantissaOf(0), s.topOf(0));
    significand = p.significand;
    significandTop = p.significandTop;
  }
  if (!s.trapped(s.BEFORE)) {
    s.setRegister(0, x.mantissa, x.top);
    s.moveTop(-1);
    s.setRegister(0, significand, significandTop);
  }
  s.finish(s.C1, 0);
}

function remainder(nearest: bool): void {
  let codes = 0;
  if (!s.underflows(0) && !s.underflows(1)) {
    p.remainder(s.mantissaOf(0), s.topOf(0), s.mantissaOf(1), s.topOf(1), nearest);
    const q = p.quotientBits;
    codes = (q & 1 ? s.C1 : 0) | (q & 2 ? s.C3 : 0) | (q & 4 ? s.C0 : 0) | (p.partial ? s.C2 : 0);
  }
  if (!s.trapped(s.BEFORE)) s.setRegister(0, x.mantissa, x.top);
  s.finish(s.CODES, codes);
}

function transcendental(which: i32): void {
  const binary = which === FYL2X || which === FYL2XP1 || which === FPATAN;
  const pushes = which === FPTAN || which === FSINCOS;
  const ranged = which === FPTAN || which === FSINCOS || which > FSCALE;
  const codes = ranged ? s.C1 | s.C2 : s.C1;
  let done = true;
  if (s.underflows(0) || (binary && s.underflows(1))) {
    // Indefinite.
  } else if (pushes && !s.isEmpty(-1)) {
    s.stackFaults(true);
  } else if (binary) done = special2(which);
  else done = special1(ranged);
  if (done) {
    if (!s.trapped(s.BEFORE)) {
      s.setRegister(binary ? 1 : 0, x.mantissa, x.top);
      if (binary) s.pop(1);
      if (pushes) {
        const mantissa = x.mantissa;
        const top = x.top;
        s.moveTop(-1);
        s.setRegister(0, mantissa, top);
      }
    }
    s.finish(codes, 0);
    return;
  }
  if (ranged && n.kind === n.FINITE && n.exponent >= 63) {
    s.finish(codes, s.C2);
    return;
  }
  if (!binary && which !== FCOS && n.kind === n.FINITE && n.exponent < TINY) {
    ofTiny(which === F2XM1);
    if (pushes) {
      s.moveTop(-1);
      s.setRegister(0, 0x8000000000000000, 0x3fff);
    }
    s.finish(codes, s.roundedCode());
    return;
  }
  if (binary ? wide(which) : which === F2XM1 && smallPower()) {
    s.finish(codes, s.roundedCode());
    return;
  }
  runEngine(which);
  n.take80(s.mantissaOf(0), s.topOf(0));
  if (n.kind >= n.QUIET) {
    r.raise(r.INVALID);
    x.indefinite();
    s.setRegister(0, x.mantissa, x.top);
  } else if (n.kind !== n.ZERO) r.raise(r.INEXACT);
  s.finish(codes, 0);
}

/**
 * Sine, tangent and 2^x - 1 of a number so near to zero that more terms than the first say nothing. The engine takes those
 * that a double cannot hold for zero.
 */
function ofTiny(byLogarithm: bool): void {
  const LN2: u64 = 0xb17217f7d1cf79ac;
  r.raise(r.INEXACT);
  if (byLogarithm) product(n.sign, n.exponent, n.significand, -1, LN2);
  else r.setResult(n.sign, n.exponent, n.significand, 0);
  if (r.rExponent < LEAST) r.raise(r.UNDERFLOW);
  x.rounded(64);
  s.setRegister(0, x.mantissa, x.top);
}

/** @returns whether the result is known: a NaN's, or of what has no value */
function special1(ranged: bool): bool {
  if (!x.takeOne(s.mantissaOf(0), s.topOf(0))) return true;
  if (ranged && n.kind === n.INFINITE) {
    x.invalid();
    return true;
  }
  if (n.denormal) r.raise(r.DENORMAL);
  return s.trapped(s.BEFORE);
}

function special2(which: i32): bool {
  n.take80(s.mantissaOf(1), s.topOf(1));
  const kind = n.kind;
  const sign = n.sign;
  const denormal = n.denormal;
  n.take80(s.mantissaOf(0), s.topOf(0));
  if (kind >= n.QUIET || n.kind >= n.QUIET) {
    x.nanOf(s.mantissaOf(1), s.topOf(1), kind, s.mantissaOf(0), s.topOf(0), n.kind);
    return true;
  }
  if (which === FYL2X) {
    if (n.sign && n.kind !== n.ZERO) {
      x.invalid();
      return true;
    }
    if (n.kind === n.ZERO) {
      if (kind === n.ZERO) x.invalid();
      else {
        if (kind === n.FINITE) r.raise(r.DIVIDE);
        x.infinity(sign ^ 1);
      }
      return true;
    }
  }
  if (denormal || n.denormal) r.raise(r.DENORMAL);
  return s.trapped(s.BEFORE);
}
