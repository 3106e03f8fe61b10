/** x87 instructions between registers, where quick: see x87-quick.ts. Named by opcode and its three bits. */
import { order, squareRoot } from './x87-quick-arithmetic';
import { codesOf, compute } from './x87-quick-operands';
import { condition } from './condition';
import * as q from './x87-quick';
import * as x from './x87-exact';
import { FLAGS, FLAGS_CHANGED } from './state';

const SIGN: i32 = 0x8000;
/** In `what`: the opcode's bits that tell DC and DE, and DE, from D8. */
const TO_OTHER: i32 = 1 << (q.OPCODE_AT + 10);
const POPS: i32 = 1 << (q.OPCODE_AT + 9);

/** Whether ST0 and ST(i) are full. */
@inline
function areFull(first: i32, i: i32): bool {
  return ((q.empties() >> first) & 1) + ((q.empties() >> ((first + i) & 7)) & 1) === 0;
}

/** Of D8, DC and DE. */
@inline
function arithmetic(operation: i32, what: i32): i32 {
  const i = q.operandOf(what);
  const first = q.top();
  if (!q.roundsQuickly(what) || !areFull(first, i)) return 0;
  const at = q.registerAt(first);
  const other = q.registerAt(first + i);
  const to = what & TO_OTHER ? other : at;
  if (!compute(operation, load<u64>(at), load<u16>(at, 8), load<u64>(other), load<u16>(other, 8), to)) return 0;
  if (what & POPS) q.pop();
  q.keepCode(what);
  return 1;
}

export function x87_add(what: i32): i32 {
  return arithmetic(x.ADD, what);
}

export function x87_multiply(what: i32): i32 {
  return arithmetic(x.MULTIPLY, what);
}

export function x87_subtract(what: i32): i32 {
  return arithmetic(x.SUBTRACT, what);
}

export function x87_subtract_reversed(what: i32): i32 {
  return arithmetic(x.SUBTRACT_REVERSED, what);
}

export function x87_divide(what: i32): i32 {
  return arithmetic(x.DIVISION, what);
}

export function x87_divide_reversed(what: i32): i32 {
  return arithmetic(x.DIVISION_REVERSED, what);
}

/** The order of ST0 and ST(i), or 2. */
@inline
function ordered(what: i32): i32 {
  const first = q.top();
  const i = q.operandOf(what);
  if (!q.isReady(what, 0) || !areFull(first, i)) return 2;
  const at = q.registerAt(first);
  const other = q.registerAt(first + i);
  return order(load<u64>(at), load<u16>(at, 8), load<u64>(other), load<u16>(other, 8));
}

@inline
function compare(what: i32, pops: i32): i32 {
  const which = ordered(what);
  if (which > 1) return 0;
  q.setCodes(codesOf(which));
  if (pops > 0) q.pop();
  if (pops > 1) q.pop();
  q.keepCode(what);
  return 1;
}

/** FCOM and FUCOM, which differ for NaNs alone. */
export function x87_compare(what: i32): i32 {
  return compare(what, 0);
}

export function x87_compare_pop(what: i32): i32 {
  return compare(what, 1);
}

export function x87_compare_pop_both(what: i32): i32 {
  return compare(what, 2);
}

@inline
function compareFlags(what: i32, pops: bool): i32 {
  const STATUS_FLAGS = 0x8d5;
  const which = ordered(what);
  if (which > 1) return 0;
  store<i32>(FLAGS_CHANGED, 0);
  store<i32>(FLAGS, (load<i32>(FLAGS) & ~STATUS_FLAGS) | (which < 0 ? 1 : which === 0 ? 0x40 : 0));
  q.keepStatus();
  if (pops) q.pop();
  q.keepCode(what);
  return 1;
}

/** FCOMI, FUCOMI. */
export function x87_compare_flags(what: i32): i32 {
  return compareFlags(what, false);
}

export function x87_compare_flags_pop(what: i32): i32 {
  return compareFlags(what, true);
}

/** FLD. */
export function x87_load(what: i32): i32 {
  const at = (q.top() + q.operandOf(what)) & 7;
  if (!q.isReady(what, 0) || ((q.empties() >> at) & 1) !== 0) return 0;
  if (!q.push(load<u64>(q.registerAt(at)), load<u16>(q.registerAt(at), 8))) return 0;
  q.keepCode(what);
  return 1;
}

export function x87_exchange(what: i32): i32 {
  const first = q.top();
  const i = q.operandOf(what);
  if (!q.isReady(what, 0) || !areFull(first, i)) return 0;
  const at = q.registerAt(first);
  const other = q.registerAt(first + i);
  const mantissa = load<u64>(at);
  const top = load<u16>(at, 8);
  store<u64>(at, load<u64>(other));
  store<u16>(at, load<u16>(other, 8), 8);
  store<u64>(other, mantissa);
  store<u16>(other, top, 8);
  q.setC1(0);
  q.keepCode(what);
  return 1;
}

/** FST and FSTP; the register that is written may be empty. */
@inline
function move(what: i32, pops: bool): i32 {
  const first = q.top();
  const to = (first + q.operandOf(what)) & 7;
  const empty = q.empties();
  if (!q.isReady(what, 0) || ((empty >> first) & 1) !== 0) return 0;
  store<u64>(q.registerAt(to), load<u64>(q.registerAt(first)));
  store<u16>(q.registerAt(to), load<u16>(q.registerAt(first), 8), 8);
  q.fill(to);
  if (pops) q.pop();
  q.setC1(0);
  q.keepCode(what);
  return 1;
}

export function x87_store(what: i32): i32 {
  return move(what, false);
}

export function x87_store_pop(what: i32): i32 {
  return move(what, true);
}

/** FCMOVcc: the opcode's next bits are the condition, and whether it is to hold is in its escape. */
export function x87_move_if(what: i32): i32 {
  const first = q.top();
  const i = q.operandOf(what);
  if (!q.isReady(what, 0) || !areFull(first, i)) return 0;
  const opcode = what >> q.OPCODE_AT;
  if (condition((opcode >> 3) & 3) !== ((opcode & 0x100) !== 0)) {
    store<u64>(q.registerAt(first), load<u64>(q.registerAt(first + i)));
    store<u16>(q.registerAt(first), load<u16>(q.registerAt(first + i), 8), 8);
  }
  q.keepStatus();
  q.keepCode(what);
  return 1;
}

/** Changes the sign and exponent of ST0. */
@inline
function changeSign(what: i32, keep: i32, change: i32): i32 {
  const first = q.top();
  if (!q.isReady(what, 0) || ((q.empties() >> first) & 1) !== 0) return 0;
  store<u16>(q.registerAt(first), (<i32>load<u16>(q.registerAt(first), 8) & keep) ^ change, 8);
  q.setC1(0);
  q.keepCode(what);
  return 1;
}

/** FCHS, FABS. */
export function x87_negate(what: i32): i32 {
  return changeSign(what, 0xffff, SIGN);
}

export function x87_absolute(what: i32): i32 {
  return changeSign(what, 0x7fff, 0);
}

/** FTST. */
export function x87_test(what: i32): i32 {
  const first = q.top();
  if (!q.isReady(what, 0) || ((q.empties() >> first) & 1) !== 0) return 0;
  const which = order(load<u64>(q.registerAt(first)), load<u16>(q.registerAt(first), 8), 0, 0);
  if (which > 1) return 0;
  q.setCodes(codesOf(which));
  q.keepCode(what);
  return 1;
}

@inline
function constant(what: i32, mantissa: u64, top: i32): i32 {
  if (!q.isReady(what, 0) || !q.push(mantissa, top)) return 0;
  q.keepCode(what);
  return 1;
}

export function x87_one(what: i32): i32 {
  return constant(what, 0x8000000000000000, 0x3fff);
}

export function x87_zero(what: i32): i32 {
  return constant(what, 0, 0);
}

export function x87_root(what: i32): i32 {
  const first = q.top();
  const at = q.registerAt(first);
  if (!q.roundsQuickly(what) || ((q.empties() >> first) & 1) !== 0) return 0;
  if (!squareRoot(load<u64>(at), load<u16>(at, 8), at)) return 0;
  q.keepCode(what);
  return 1;
}

/** FNSTSW AX, which waits for nothing: whether JIT code may do it. */
export function x87_status(what: i32): i32 {
  return q.isAway(what) ? 0 : 1;
}
