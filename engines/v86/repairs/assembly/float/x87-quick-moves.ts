/** Loads and stores of x87 instructions, where quick: see x87-quick.ts. Named by opcode and its three bits. */
import * as m from './x87-quick-memory';
import * as q from './x87-quick';
import { C1, setControlWord } from './x87-state';
import { CONTROL } from './state';

const SIGN: i32 = 0x8000;
const BIAS: i32 = 16383;

@inline
function pushed(mantissa: u64, top: i32, what: i32, offset: i32): i32 {
  if (!q.push(mantissa, top)) return 0;
  q.keepPlaces(what, offset);
  return 1;
}

/** FLD. */
export function x87_D9_0m(offset: i32, what: i32): i32 {
  const at = m.readable(offset, what, 4);
  if (at === 0 || !q.isReady(what, 0)) return 0;
  const bits = load<u32>(at);
  return m.isOrdinary32(bits) ? pushed(m.mantissa32(bits), m.top32(bits), what, offset) : 0;
}

export function x87_DD_0m(offset: i32, what: i32): i32 {
  const at = m.readable(offset, what, 8);
  if (at === 0 || !q.isReady(what, 0)) return 0;
  const bits = load<u64>(at);
  return m.isOrdinary64(bits) ? pushed(m.mantissa64(bits), m.top64(bits), what, offset) : 0;
}

export function x87_DB_5m(offset: i32, what: i32): i32 {
  const at = m.readable(offset, what, 10);
  if (at === 0 || !q.isReady(what, 0)) return 0;
  return pushed(load<u64>(at), <i32>load<u16>(at, 8), what, offset);
}

/** FILD. */
@inline
function whole(value: i64, what: i32, offset: i32): i32 {
  return pushed(m.mantissaOfWhole(value), m.topOfWhole(value), what, offset);
}

export function x87_DB_0m(offset: i32, what: i32): i32 {
  const at = m.readable(offset, what, 4);
  return at === 0 || !q.isReady(what, 0) ? 0 : whole(<i64>load<i32>(at), what, offset);
}

export function x87_DF_0m(offset: i32, what: i32): i32 {
  const at = m.readable(offset, what, 2);
  return at === 0 || !q.isReady(what, 0) ? 0 : whole(<i64>load<i16>(at), what, offset);
}

export function x87_DF_5m(offset: i32, what: i32): i32 {
  const at = m.readable(offset, what, 8);
  return at === 0 || !q.isReady(what, 0) ? 0 : whole(load<i64>(at), what, offset);
}

@inline
function stored(values: i32, pops: bool, what: i32, offset: i32): i32 {
  q.setC1(values);
  if (pops) q.pop();
  q.keepPlaces(what, offset);
  return 1;
}

/** FST and FSTP of 32 or 64 bits. @param dropped bits of a significand that the format has not */
@inline
function float<T>(dropped: u64, bias: i32, pops: bool, offset: i32, what: i32): i32 {
  const to = m.writable(offset, what, sizeof<T>());
  if (to === 0 || !q.roundsQuickly(what) || ((q.empties() >> q.top()) & 1) !== 0) return 0;
  const at = q.registerAt(q.top());
  const mantissa = load<u64>(at);
  const top = <i32>load<u16>(at, 8);
  const sign = (<u64>top >> 15) << (sizeof<T>() * 8 - 1);
  if (!q.isNormal(mantissa, top)) {
    if (!q.isZero(mantissa, top)) return 0;
    store<T>(to, <T>sign);
    return stored(0, pops, what, offset);
  }
  const unit = <u64>1 << dropped;
  const rest = mantissa & (unit - 1);
  let kept = (mantissa << 1) >> (dropped + 1);
  let field = <u64>((top & 0x7fff) - BIAS + bias);
  let values = 0;
  if (rest !== 0) {
    values = q.INEXACT;
    if (rest > unit >> 1 || (rest === unit >> 1 && (kept & 1) !== 0)) {
      values = q.INEXACT | C1;
      kept++;
    }
  }
  // A carry out of the fraction goes to the exponent.
  const fraction = 63 - dropped;
  field += kept >> fraction;
  if (field - 1 >= <u64>(2 * bias)) return 0;
  store<T>(to, <T>(sign | (field << fraction) | (kept & ((<u64>1 << fraction) - 1))));
  return stored(values, pops, what, offset);
}

export function x87_D9_2m(offset: i32, what: i32): i32 {
  return float<u32>(40, 127, false, offset, what);
}

export function x87_D9_3m(offset: i32, what: i32): i32 {
  return float<u32>(40, 127, true, offset, what);
}

export function x87_DD_2m(offset: i32, what: i32): i32 {
  return float<u64>(11, 1023, false, offset, what);
}

export function x87_DD_3m(offset: i32, what: i32): i32 {
  return float<u64>(11, 1023, true, offset, what);
}

/** FSTP of 80 bits. */
export function x87_DB_7m(offset: i32, what: i32): i32 {
  const to = m.writable(offset, what, 10);
  if (to === 0 || !q.isReady(what, 0) || ((q.empties() >> q.top()) & 1) !== 0) return 0;
  const at = q.registerAt(q.top());
  store<u64>(to, load<u64>(at));
  store<u16>(to, load<u16>(at, 8), 8);
  return stored(0, true, what, offset);
}

/** FIST and FISTP, to nearest or cut off. */
@inline
function integer<T>(pops: bool, offset: i32, what: i32): i32 {
  const to = m.writable(offset, what, sizeof<T>());
  if (to === 0 || !q.isReady(what, q.INEXACT) || ((q.empties() >> q.top()) & 1) !== 0) return 0;
  const rounding = <i32>load<u16>(CONTROL) & q.ROUNDING;
  if (rounding !== 0 && rounding !== q.TRUNCATING) return 0;
  const at = q.registerAt(q.top());
  const mantissa = load<u64>(at);
  const top = <i32>load<u16>(at, 8);
  if (q.isZero(mantissa, top)) {
    store<T>(to, 0);
    return stored(0, pops, what, offset);
  }
  const exponent = (top & 0x7fff) - BIAS;
  if (!q.isNormal(mantissa, top) || exponent > <i32>(sizeof<T>() * 8 - 2)) return 0;
  let value: u64 = 0;
  let rest: u64 = 1;
  if (exponent >= 0) {
    value = mantissa >> (63 - exponent);
    rest = (mantissa << exponent) << 1;
  } else if (exponent === -1) rest = mantissa;
  let values = 0;
  if (rest !== 0) {
    values = q.INEXACT;
    if (rounding === 0 && <i64>rest < 0 && ((rest << 1) | (value & 1)) !== 0) {
      values = q.INEXACT | C1;
      value++;
      if (value >> (sizeof<T>() * 8 - 1) !== 0) return 0;
    }
  }
  store<T>(to, <T>(top & SIGN ? 0 - value : value));
  return stored(values, pops, what, offset);
}

export function x87_DB_2m(offset: i32, what: i32): i32 {
  return integer<i32>(false, offset, what);
}

export function x87_DB_3m(offset: i32, what: i32): i32 {
  return integer<i32>(true, offset, what);
}

export function x87_DF_2m(offset: i32, what: i32): i32 {
  return integer<i16>(false, offset, what);
}

export function x87_DF_3m(offset: i32, what: i32): i32 {
  return integer<i16>(true, offset, what);
}

export function x87_DF_7m(offset: i32, what: i32): i32 {
  return integer<i64>(true, offset, what);
}

/** FLDCW, after which an exception may wait. */
export function x87_D9_5m(offset: i32, what: i32): i32 {
  const at = m.readable(offset, what, 2);
  if (at === 0 || !q.isReady(what, 0)) return 0;
  setControlWord(<i32>load<u16>(at));
  return 1;
}

/** FNSTCW, which waits for nothing. */
export function x87_D9_7m(offset: i32, what: i32): i32 {
  const to = m.writable(offset, what, 2);
  if (to === 0 || q.isAway(what)) return 0;
  store<u16>(to, load<u16>(CONTROL));
  return 1;
}
