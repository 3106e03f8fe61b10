/** Arithmetic and comparison with operands in memory, where quick: see x87-quick.ts. Named by opcode and its three bits. */
import { order, product, quotient, sum } from './x87-quick-arithmetic';
import * as m from './x87-quick-memory';
import * as q from './x87-quick';
import * as x from './x87-exact';
import { C0, C3 } from './x87-state';

const COMPARE: i32 = 2;
const COMPARE_POP: i32 = 3;
const SIGN: i32 = 0x8000;

@inline
export function compute(operation: i32, a: u64, aTop: i32, b: u64, bTop: i32, at: usize): bool {
  if (operation === x.ADD) return sum(a, aTop, b, bTop, at);
  if (operation === x.MULTIPLY) return product(a, aTop, b, bTop, at);
  if (operation === x.SUBTRACT) return sum(a, aTop, b, bTop ^ SIGN, at);
  if (operation === x.SUBTRACT_REVERSED) return sum(b, bTop, a, aTop ^ SIGN, at);
  if (operation === x.DIVISION) return quotient(a, aTop, b, bTop, at);
  return quotient(b, bTop, a, aTop, at);
}

/** C3 and C0 of an order. */
@inline
export function codesOf(which: i32): i32 {
  return which < 0 ? C0 : which === 0 ? C3 : 0;
}

@inline
function withOperand(operation: i32, b: u64, bTop: i32, what: i32, offset: i32): i32 {
  if (((q.empties() >> q.top()) & 1) !== 0) return 0;
  const at = q.registerAt(q.top());
  const a = load<u64>(at);
  const aTop = <i32>load<u16>(at, 8);
  if (operation === COMPARE || operation === COMPARE_POP) {
    const which = order(a, aTop, b, bTop);
    if (which > 1) return 0;
    q.setCodes(codesOf(which));
    if (operation === COMPARE_POP) q.pop();
  } else if (!compute(operation, a, aTop, b, bTop, at)) return 0;
  q.keepPlaces(what, offset);
  return 1;
}

@inline
function float32(operation: i32, offset: i32, what: i32): i32 {
  const at = m.readable(offset, what, 4);
  if (at === 0 || !q.roundsQuickly(what)) return 0;
  const bits = load<u32>(at);
  if (!m.isOrdinary32(bits)) return 0;
  return withOperand(operation, m.mantissa32(bits), m.top32(bits), what, offset);
}

@inline
function float64(operation: i32, offset: i32, what: i32): i32 {
  const at = m.readable(offset, what, 8);
  if (at === 0 || !q.roundsQuickly(what)) return 0;
  const bits = load<u64>(at);
  if (!m.isOrdinary64(bits)) return 0;
  return withOperand(operation, m.mantissa64(bits), m.top64(bits), what, offset);
}

@inline
function whole32(operation: i32, offset: i32, what: i32): i32 {
  const at = m.readable(offset, what, 4);
  if (at === 0 || !q.roundsQuickly(what)) return 0;
  const value = <i64>load<i32>(at);
  return withOperand(operation, m.mantissaOfWhole(value), m.topOfWhole(value), what, offset);
}

@inline
function whole16(operation: i32, offset: i32, what: i32): i32 {
  const at = m.readable(offset, what, 2);
  if (at === 0 || !q.roundsQuickly(what)) return 0;
  const value = <i64>load<i16>(at);
  return withOperand(operation, m.mantissaOfWhole(value), m.topOfWhole(value), what, offset);
}

export function x87_D8_0m(offset: i32, what: i32): i32 {
  return float32(x.ADD, offset, what);
}

export function x87_D8_1m(offset: i32, what: i32): i32 {
  return float32(x.MULTIPLY, offset, what);
}

export function x87_D8_2m(offset: i32, what: i32): i32 {
  return float32(COMPARE, offset, what);
}

export function x87_D8_3m(offset: i32, what: i32): i32 {
  return float32(COMPARE_POP, offset, what);
}

export function x87_D8_4m(offset: i32, what: i32): i32 {
  return float32(x.SUBTRACT, offset, what);
}

export function x87_D8_5m(offset: i32, what: i32): i32 {
  return float32(x.SUBTRACT_REVERSED, offset, what);
}

export function x87_D8_6m(offset: i32, what: i32): i32 {
  return float32(x.DIVISION, offset, what);
}

export function x87_D8_7m(offset: i32, what: i32): i32 {
  return float32(x.DIVISION_REVERSED, offset, what);
}

export function x87_DA_0m(offset: i32, what: i32): i32 {
  return whole32(x.ADD, offset, what);
}

export function x87_DA_1m(offset: i32, what: i32): i32 {
  return whole32(x.MULTIPLY, offset, what);
}

export function x87_DA_2m(offset: i32, what: i32): i32 {
  return whole32(COMPARE, offset, what);
}

export function x87_DA_3m(offset: i32, what: i32): i32 {
  return whole32(COMPARE_POP, offset, what);
}

export function x87_DA_4m(offset: i32, what: i32): i32 {
  return whole32(x.SUBTRACT, offset, what);
}

export function x87_DA_5m(offset: i32, what: i32): i32 {
  return whole32(x.SUBTRACT_REVERSED, offset, what);
}

export function x87_DA_6m(offset: i32, what: i32): i32 {
  return whole32(x.DIVISION, offset, what);
}

export function x87_DA_7m(offset: i32, what: i32): i32 {
  return whole32(x.DIVISION_REVERSED, offset, what);
}

export function x87_DC_0m(offset: i32, what: i32): i32 {
  return float64(x.ADD, offset, what);
}

export function x87_DC_1m(offset: i32, what: i32): i32 {
  return float64(x.MULTIPLY, offset, what);
}

export function x87_DC_2m(offset: i32, what: i32): i32 {
  return float64(COMPARE, offset, what);
}

export function x87_DC_3m(offset: i32, what: i32): i32 {
  return float64(COMPARE_POP, offset, what);
}

export function x87_DC_4m(offset: i32, what: i32): i32 {
  return float64(x.SUBTRACT, offset, what);
}

export function x87_DC_5m(offset: i32, what: i32): i32 {
  return float64(x.SUBTRACT_REVERSED, offset, what);
}

export function x87_DC_6m(offset: i32, what: i32): i32 {
  return float64(x.DIVISION, offset, what);
}

export function x87_DC_7m(offset: i32, what: i32): i32 {
  return float64(x.DIVISION_REVERSED, offset, what);
}

export function x87_DE_0m(offset: i32, what: i32): i32 {
  return whole16(x.ADD, offset, what);
}

export function x87_DE_1m(offset: i32, what: i32): i32 {
  return whole16(x.MULTIPLY, offset, what);
}

export function x87_DE_2m(offset: i32, what: i32): i32 {
  return whole16(COMPARE, offset, what);
}

export function x87_DE_3m(offset: i32, what: i32): i32 {
  return whole16(COMPARE_POP, offset, what);
}

export function x87_DE_4m(offset: i32, what: i32): i32 {
  return whole16(x.SUBTRACT, offset, what);
}

export function x87_DE_5m(offset: i32, what: i32): i32 {
  return whole16(x.SUBTRACT_REVERSED, offset, what);
}

export function x87_DE_6m(offset: i32, what: i32): i32 {
  return whole16(x.DIVISION, offset, what);
}

export function x87_DE_7m(offset: i32, what: i32): i32 {
  return whole16(x.DIVISION_REVERSED, offset, what);
}
