/** x87 instructions with operands in memory. */
import * as c from './x87-convert';
import * as e from './x87-environment';
import * as engine from './engine';
import * as m from './x87-memory';
import * as o from './x87-operations';
import * as r from './round';
import * as s from './x87-state';
import * as x from './x87-exact';
import { CONTROL, IMAGE } from './state';

@external('v86', 'fpu_load_status_word')
declare function loadStatusWord(): i32;

/** What is observed of JIT code is seen by its call; the interpreter is observed otherwise. */
export function observedStatus(): i32 {
  return m.inJit() ? loadStatusWord() & 0xffff : s.statusWord();
}

/** Operands in memory. @returns whether it is an instruction whose place is kept, and did not fault */
export function memory(escape: i32, operation: i32, wide: bool): bool {
  if ((escape & 1) === 0) return arithmeticOfMemory(escape, operation);
  switch ((escape << 4) | operation) {
    case 0x14:
    case 0x54:
      e.restore(wide, escape === 5);
      return false;
    case 0x16:
    case 0x56:
      e.save(wide, escape === 5);
      return false;
    case 0x15:
      if (m.readable(2) && engine.read16(m.linear)) s.setControlWord(engine.value32 & 0xffff);
      return false;
    case 0x17:
      if (m.writable(2)) m.write16(m.linear, <i32>load<u16>(CONTROL));
      return false;
    case 0x57:
      if (m.writable(2)) m.write16(m.linear, observedStatus());
      return false;
    case 0x11:
    case 0x34:
    case 0x36:
    case 0x55:
      return m.undefinedOpcode();
    case 0x35:
      return load80() && pushed();
    case 0x37:
      return store80();
    case 0x74:
      return loadDecimal() && pushed();
    case 0x76:
      return storeDecimal();
    case 0x75:
      return loadWhole(8) && pushed();
    case 0x77:
      return storeWhole(8, r.NEAREST, false, 1);
  }
  if (operation === 0) return loaded(escape);
  if (escape === 1 || (escape === 5 && operation !== 1)) return storeFloat(escape === 5, operation - 2);
  const size = escape === 3 ? 4 : escape === 5 ? 8 : 2;
  return storeWhole(size, r.TRUNCATE, operation === 1, operation === 2 ? 0 : 1);
}

function pushed(): bool {
  o.push();
  return true;
}

/** FLD and FILD of the common sizes. */
function loaded(escape: i32): bool {
  if (escape === 1 || escape === 5) {
    if (!loadFloat(escape === 5)) return false;
    o.pushFloat();
    return true;
  }
  return loadWhole(escape === 3 ? 4 : 2) && pushed();
}

function arithmeticOfMemory(escape: i32, operation: i32): bool {
  const ok = escape === 0 ? loadFloat(false) : escape === 4 ? loadFloat(true) : loadWhole(escape === 2 ? 4 : 2);
  if (!ok) return false;
  if (operation === 2 || operation === 3) o.compareMemory(operation - 2);
  else o.arithmeticOfMemory(operation);
  return true;
}

/** Loads begin the operation; what they load is its result so far. */
function loadFloat(wide: bool): bool {
  if (!m.readable(wide ? 8 : 4)) return false;
  s.begin();
  if (wide) {
    if (!engine.read64(m.linear)) return false;
    c.from64(engine.value64);
  } else {
    if (!engine.read32(m.linear)) return false;
    c.from32(engine.value32);
  }
  return true;
}

function loadWhole(size: i32): bool {
  if (!m.readable(size)) return false;
  s.begin();
  let value: i64 = 0;
  if (size === 8) {
    if (!engine.read64(m.linear)) return false;
    value = <i64>engine.value64;
  } else {
    if (!(size === 4 ? engine.read32(m.linear) : engine.read16(m.linear))) return false;
    value = <i64>engine.value32;
  }
  c.fromWhole(value);
  return true;
}

function load80(): bool {
  if (!m.readable(10)) return false;
  s.begin();
  if (!engine.read64(m.linear)) return false;
  const mantissa = engine.value64;
  if (!engine.read16(m.linear + 8)) return false;
  x.setResult(mantissa, engine.value32 & 0xffff);
  return true;
}

function loadDecimal(): bool {
  if (!load80()) return false;
  store<u64>(IMAGE, x.mantissa);
  store<u16>(IMAGE + 8, x.top);
  c.fromDecimal(IMAGE);
  return true;
}

/** Ends a store: pops, unless an exception kept it from being done. */
function stored(kept: bool, pops: i32): bool {
  if (!kept) s.pop(pops);
  s.finish(s.C1, kept ? 0 : s.roundedCode());
  return true;
}

function storeFloat(wide: bool, pops: i32): bool {
  if (!m.writable(wide ? 8 : 4)) return false;
  s.begin();
  const empty = s.underflows(0);
  const value = empty ? c.indefiniteOf(wide) : c.toFloat(wide, s.mantissaOf(0), s.topOf(0));
  const kept = s.trapped(s.BEFORE | r.OVERFLOW | r.UNDERFLOW);
  // Nothing is inexact where nothing is stored.
  if (kept) r.withdraw(r.INEXACT);
  else {
    if (wide) m.write64(m.linear, value);
    else m.write32(m.linear, <i32>value);
  }
  return stored(kept, pops);
}

function storeWhole(size: i32, mode: i32, truncates: bool, pops: i32): bool {
  if (!m.writable(size)) return false;
  s.begin();
  const bits = size << 3;
  const value: i64 = s.underflows(0)
    ? (-1 as i64) << (bits - 1)
    : c.toWhole(bits, s.mantissaOf(0), s.topOf(0), truncates ? mode : x.mode);
  const kept = s.trapped(s.BEFORE);
  if (!kept) {
    if (size === 8) m.write64(m.linear, <u64>value);
    else if (size === 4) m.write32(m.linear, <i32>value);
    else m.write16(m.linear, <i32>value);
  }
  return stored(kept, pops);
}

function store80(): bool {
  if (!m.writable(10)) return false;
  s.begin();
  if (!s.underflows(0)) x.setResult(s.mantissaOf(0), s.topOf(0));
  const kept = s.trapped(s.BEFORE);
  if (!kept) {
    m.write64(m.linear, x.mantissa);
    m.write16(m.linear + 8, x.top);
  }
  return stored(kept, 1);
}

function storeDecimal(): bool {
  if (!m.writable(10)) return false;
  s.begin();
  if (s.underflows(0)) c.indefiniteDecimal(IMAGE);
  else c.toDecimal(IMAGE, s.mantissaOf(0), s.topOf(0));
  const kept = s.trapped(s.BEFORE);
  if (!kept) {
    m.write64(m.linear, load<u64>(IMAGE));
    m.write16(m.linear + 8, <i32>load<u16>(IMAGE, 8));
  }
  return stored(kept, 1);
}
