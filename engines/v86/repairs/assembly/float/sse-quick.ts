/**
 * SSE's arithmetic where nothing but the result can change: ordinary operands and results, to nearest. The engine's own
 * f32 and f64 do it; whether it was exact, for MXCSR.PE, is found with sums and products that lose nothing.
 */
import * as exact from './sse-exact';
import { MXCSR } from './state';

/** Rounding control, the mask of inexact, the flag of inexact. */
const CONTROLS: i32 = 0x7020;
/** To nearest, masked, and raised before: an inexact result changes nothing. */
const SETTLED: i32 = 0x1020;
const MASKED: i32 = 0x1000;
const PE: i32 = 0x20;

const ONE_64: u64 = 0x10000000000000;
const FIELD_64: u64 = 0x7ff0000000000000;
const ONE_32: u32 = 0x800000;
const FIELD_32: u32 = 0x7f800000;

@inline
export function settled(): bool {
  return (load<i32>(MXCSR) & CONTROLS) === SETTLED;
}

/** Neither zero, denormal, infinite nor a NaN; nor next to a denormal. */
@inline
export function plain64(bits: u64): bool {
  return (bits & FIELD_64) - 2 * ONE_64 < FIELD_64 - 2 * ONE_64;
}

@inline
export function plain32(bits: u32): bool {
  return (bits & FIELD_32) - 2 * ONE_32 < FIELD_32 - 2 * ONE_32;
}

@inline
function ordinary64(bits: u64): bool {
  return plain64(bits) || bits << 1 === 0;
}

@inline
function ordinary32(bits: u32): bool {
  return plain32(bits) || bits << 1 === 0;
}

/**
 * Whether nothing but the result can change, inexact or not, with an operand or a result that is zero: a sum of ordinary
 * numbers is, and a product or quotient with a factor or dividend that is.
 */
export function exactZero32(operation: i32, a: u32, b: u32, result: u32): bool {
  if (!ordinary32(a) || !ordinary32(b)) return false;
  if (operation === exact.MULTIPLY || operation === exact.DIVISION)
    return result << 1 === 0 && (a << 1 === 0 || b << 1 === 0);
  return ordinary32(result);
}

export function exactZero64(operation: i32, a: u64, b: u64, result: u64): bool {
  if (!ordinary64(a) || !ordinary64(b)) return false;
  if (operation === exact.MULTIPLY || operation === exact.DIVISION)
    return result << 1 === 0 && (a << 1 === 0 || b << 1 === 0);
  return ordinary64(result);
}

@inline
export function native<T>(operation: i32, a: T, b: T): T {
  if (operation === exact.ADD) return (a + b) as T;
  if (operation === exact.SUBTRACT) return (a - b) as T;
  if (operation === exact.MULTIPLY) return (a * b) as T;
  if (operation === exact.DIVISION) return (a / b) as T;
  if (operation === exact.MINIMUM) return a < b ? a : b;
  return a > b ? a : b;
}

/** Whether a + b gave `sum` and nothing was lost. */
function exactSum<T>(a: T, b: T, sum: T): bool {
  const other = (sum - a) as T;
  return a - (sum - other) + (b - other) === 0;
}

/** The part of a product that rounding took. All three are far from the ends of the range. */
function lost(a: f64, b: f64, product: f64): f64 {
  const SPLIT: f64 = 134217729;
  const aBig = a * SPLIT;
  const a1 = aBig - (aBig - a);
  const a0 = a - a1;
  const bBig = b * SPLIT;
  const b1 = bBig - (bBig - b);
  const b0 = b - b1;
  return a1 * b1 - product + a1 * b0 + a0 * b1 + a0 * b0;
}

/** Whether splitting and products of what remains stay in range. */
function moderate(bits: u64): bool {
  return (bits & FIELD_64) - 623 * ONE_64 < 800 * ONE_64;
}

/**
 * One lane, when `settled` and `plain` did not hold for everything: raises what it raises.
 * Between `beginExact` and `finishExact`.
 */
export function lane64(operation: i32, a: u64, b: u64): u64 {
  const controls = load<i32>(MXCSR) & CONTROLS;
  if ((controls & ~PE) === MASKED && ordinary64(a) && ordinary64(b)) {
    const x = reinterpret<f64>(a);
    const y = reinterpret<f64>(b);
    const result = native<f64>(operation, x, y);
    const bits = reinterpret<u64>(result);
    if (operation === exact.MINIMUM || operation === exact.MAXIMUM) return bits;
    if (operation === exact.ADD || operation === exact.SUBTRACT) {
      if (ordinary64(bits)) {
        if (controls === MASKED && !exactSum<f64>(x, operation === exact.ADD ? y : -y, result)) exact.inexactly();
        return bits;
      }
    } else if (plain64(bits)) {
      // A result that is not zero has operands that are not, or a zero divided: no, that is zero.
      if (controls === SETTLED) return bits;
      if (moderate(a) && moderate(b) && moderate(bits)) {
        if (operation === exact.MULTIPLY ? lost(x, y, result) !== 0 : !exactQuotient(x, y, result)) exact.inexactly();
        return bits;
      }
    }
  }
  return exact.binary(true, operation, a, b);
}

function exactQuotient(a: f64, b: f64, quotient: f64): bool {
  const product = quotient * b;
  return product === a && lost(quotient, b, product) === 0;
}

export function lane32(operation: i32, a: u32, b: u32): u32 {
  const controls = load<i32>(MXCSR) & CONTROLS;
  if ((controls & ~PE) === MASKED && ordinary32(a) && ordinary32(b)) {
    const x = reinterpret<f32>(a);
    const y = reinterpret<f32>(b);
    const result = native<f32>(operation, x, y);
    const bits = reinterpret<u32>(result);
    if (operation === exact.MINIMUM || operation === exact.MAXIMUM) return bits;
    if (operation === exact.ADD || operation === exact.SUBTRACT) {
      if (ordinary32(bits)) {
        if (controls === MASKED && !exactSum<f32>(x, operation === exact.ADD ? y : -y, result)) exact.inexactly();
        return bits;
      }
    } else if (plain32(bits)) {
      // A product of two has 48 bits: f64 holds it.
      if (controls === MASKED) {
        if (operation === exact.MULTIPLY ? <f64>x * <f64>y !== <f64>result : <f64>result * <f64>y !== <f64>x)
          exact.inexactly();
      }
      return bits;
    }
  }
  return <u32>exact.binary(false, operation, a, b);
}

export function root64(a: u64): u64 {
  const controls = load<i32>(MXCSR) & CONTROLS;
  if ((controls & ~PE) === MASKED && a >> 63 === 0 && plain64(a)) {
    const x = reinterpret<f64>(a);
    const result = sqrt<f64>(x);
    const bits = reinterpret<u64>(result);
    if (controls === SETTLED) return bits;
    if (moderate(a)) {
      if (!exactQuotient(x, result, result)) exact.inexactly();
      return bits;
    }
  }
  return exact.squareRootOf(true, a);
}

export function root32(a: u32): u32 {
  const controls = load<i32>(MXCSR) & CONTROLS;
  if ((controls & ~PE) === MASKED && a >> 31 === 0 && plain32(a)) {
    const x = reinterpret<f32>(a);
    const result = sqrt<f32>(x);
    if (controls === MASKED && <f64>result * <f64>result !== <f64>x) exact.inexactly();
    return reinterpret<u32>(result);
  }
  return <u32>exact.squareRootOf(false, a);
}

/** As `exact.compare` without NaNs, or 3 when one must look closer. */
@inline
export function order64(a: u64, b: u64): i32 {
  if (!(ordinary64(a) && ordinary64(b))) return 3;
  const x = reinterpret<f64>(a);
  const y = reinterpret<f64>(b);
  return i32(x > y) - i32(x < y);
}

@inline
export function order32(a: u32, b: u32): i32 {
  if (!(ordinary32(a) && ordinary32(b))) return 3;
  const x = reinterpret<f32>(a);
  const y = reinterpret<f32>(b);
  return i32(x > y) - i32(x < y);
}
