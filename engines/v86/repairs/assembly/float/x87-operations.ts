/** What x87 instructions do to registers: each ends with the status word. */
import * as c from './x87-convert';
import * as r from './round';
import { UNORDERED } from './sse-exact';
import * as s from './x87-state';
import * as x from './x87-exact';
import { FLAGS, FLAGS_CHANGED } from './state';

/** Arithmetic of ST0 and a number whose register is not empty, into ST(`to`). */
function compute(operation: i32, to: i32, b: u64, bTop: i32, denormal: bool, pops: i32): void {
  if (!s.underflows(0)) x.binary(operation, s.mantissaOf(0), s.topOf(0), b, bTop, denormal);
  settle(to, pops);
}

/** Writes the result, unless an exception of the operands is delivered. */
function settle(to: i32, pops: i32): void {
  if (!s.trapped(s.BEFORE)) {
    s.setRegister(to, x.mantissa, x.top);
    s.pop(pops);
  }
  s.finish(s.C1, s.roundedCode());
}

/** With ST(i). @param operation as ADD and its like */
export function arithmetic(operation: i32, to: i32, i: i32, pops: i32): void {
  s.begin();
  if (s.underflows(i)) settle(to, pops);
  else compute(operation, to, s.mantissaOf(i), s.topOf(i), false, pops);
}

/** With an operand of memory, which is the result so far. */
export function arithmeticOfMemory(operation: i32): void {
  compute(operation, 0, x.mantissa, x.top, c.denormal, 0);
}

function codesOf(order: i32): i32 {
  if (order === UNORDERED) return s.C3 | s.C2 | s.C0;
  return order === 0 ? s.C3 : order < 0 ? s.C0 : 0;
}

let order: i32 = 0;

/** @returns whether registers could be compared, or the exception is masked */
function compareWith(b: u64, bTop: i32, denormal: bool, quiet: bool): void {
  order = s.underflows(0) ? UNORDERED : x.compare(s.mantissaOf(0), s.topOf(0), b, bTop, denormal, quiet);
}

function compareRegisters(i: i32, quiet: bool): void {
  s.begin();
  if (s.underflows(i)) order = UNORDERED;
  else compareWith(s.mantissaOf(i), s.topOf(i), false, quiet);
}

function settleComparison(pops: i32): void {
  const delivered = s.trapped(s.BEFORE);
  if (!delivered) s.pop(pops);
  s.finish(s.CODES, codesOf(order));
}

export function compare(i: i32, quiet: bool, pops: i32): void {
  compareRegisters(i, quiet);
  settleComparison(pops);
}

export function compareMemory(pops: i32): void {
  compareWith(x.mantissa, x.top, c.denormal, false);
  settleComparison(pops);
}

/** FTST. */
export function test(): void {
  s.begin();
  compareWith(0, 0, false, false);
  settleComparison(0);
}

/** FCOMI, FUCOMI and those that pop: OF, SF and AF become 0. */
export function compareFlags(i: i32, quiet: bool, pops: i32): void {
  const STATUS_FLAGS = 0x8d5;
  compareRegisters(i, quiet);
  const codes = codesOf(order);
  const flags = (codes & s.C0 ? 1 : 0) | (codes & s.C2 ? 4 : 0) | (codes & s.C3 ? 0x40 : 0);
  store<i32>(FLAGS_CHANGED, 0);
  store<i32>(FLAGS, (load<i32>(FLAGS) & ~STATUS_FLAGS) | flags);
  if (!s.trapped(s.BEFORE)) s.pop(pops);
  s.finish(0, 0);
}

/** Pushes the result, unless there is no room, or an exception of the operand is delivered. */
export function push(): void {
  if (!s.isEmpty(-1)) s.stackFaults(true);
  pushAnyway();
}

/** That a float loaded is a denormal keeps it from nothing, even where that is delivered. */
function pushAnyway(): void {
  if (!s.trapped(r.INVALID)) {
    s.moveTop(-1);
    s.setRegister(0, x.mantissa, x.top);
  }
  s.finish(s.C1, 0);
}

/** FLD of a float of 32 or 64 bits, which is the result so far: a signalling NaN becomes quiet. */
export function pushFloat(): void {
  if (!s.isEmpty(-1)) s.stackFaults(true);
  else {
    if (c.denormal) r.raise(r.DENORMAL);
    x.takeOne(x.mantissa, x.top);
  }
  pushAnyway();
}

export function pushRegister(i: i32): void {
  s.begin();
  if (s.underflows(i)) {
    pushAnyway();
    return;
  }
  x.setResult(s.mantissaOf(i), s.topOf(i));
  push();
}

/** FLD1 and the other constants, rounded as the control word says. */
export function pushConstant(which: i32): void {
  s.begin();
  // The last bit of each is that of the number cut off; it is rounded up to nearest where the rest is above a half.
  let mantissa: u64 = 0x8000000000000000;
  let exponent = 0x3fff;
  let nearestUp = false;
  switch (which) {
    case 1:
      mantissa = 0xd49a784bcd1b8afe;
      exponent = 0x4000;
      break;
    case 2:
      mantissa = 0xb8aa3b295c17f0bb;
      nearestUp = true;
      break;
    case 3:
      mantissa = 0xc90fdaa22168c234;
      exponent = 0x4000;
      nearestUp = true;
      break;
    case 4:
      mantissa = 0x9a209a84fbcff798;
      exponent = 0x3ffd;
      nearestUp = true;
      break;
    case 5:
      mantissa = 0xb17217f7d1cf79ab;
      exponent = 0x3ffe;
      nearestUp = true;
      break;
    case 6:
      mantissa = 0;
      exponent = 0;
  }
  const rounded = which >= 1 && which <= 5;
  if (rounded && (x.mode === r.UP || (x.mode === r.NEAREST && nearestUp))) mantissa++;
  x.setResult(mantissa, exponent);
  push();
}

/** FST and FSTP to a register. */
export function storeRegister(i: i32, pops: i32): void {
  s.begin();
  if (!s.underflows(0)) x.setResult(s.mantissaOf(0), s.topOf(0));
  settle(i, pops);
}

/** D9 D8 and on: FSTP that takes no notice of an empty register, of which it pops nothing but the place. */
export function storeUnchecked(i: i32): void {
  if (!s.isEmpty(0)) {
    storeRegister(i, 1);
    return;
  }
  s.begin();
  s.pop(1);
  s.finish(s.C1, 0);
}

export function exchange(i: i32): void {
  s.begin();
  const none = s.isEmpty(0);
  if (s.underflows(i) || none) {
    s.underflows(0);
    if (s.trapped(r.INVALID)) {
      s.finish(s.C1, 0);
      return;
    }
  }
  const mantissa = none ? x.mantissa : s.mantissaOf(0);
  const top = none ? x.top : s.topOf(0);
  if (!s.isEmpty(i)) x.setResult(s.mantissaOf(i), s.topOf(i));
  s.setRegister(0, x.mantissa, x.top);
  s.setRegister(i, mantissa, top);
  s.finish(s.C1, 0);
}

export function moveIf(holds: bool, i: i32): void {
  s.begin();
  if (s.underflows(i) || s.underflows(0)) {
    if (!s.trapped(r.INVALID)) s.setRegister(0, x.mantissa, x.top);
  } else if (holds) s.setRegister(0, s.mantissaOf(i), s.topOf(i));
  s.finish(0, 0);
}

/** FCHS and FABS. @param keep of the sign @param change of the sign */
export function changeSign(keep: i32, change: i32): void {
  s.begin();
  if (!s.underflows(0)) x.setResult(s.mantissaOf(0), (s.topOf(0) & (keep | 0x7fff)) ^ change);
  settle(0, 0);
}

export function examine(): void {
  const top = s.topOf(0);
  const mantissa = s.mantissaOf(0);
  const exponent = top & 0x7fff;
  let codes = s.C2;
  if (s.isEmpty(0)) codes = s.C3 | s.C0;
  else if (exponent === 0) codes = mantissa === 0 ? s.C3 : s.C3 | s.C2;
  else if (mantissa >> 63 === 0) codes = 0;
  else if (exponent === 0x7fff) codes = mantissa << 1 === 0 ? s.C2 | s.C0 : s.C0;
  s.begin();
  s.finish(s.CODES, codes | (top & 0x8000 ? s.C1 : 0));
}

export function finishUnary(): void {
  settle(0, 0);
}
