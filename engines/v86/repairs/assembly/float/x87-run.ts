/** Opcodes D8 to DF in the interpreter, and as JIT code calls them. */
import * as c from './x87-convert';
import * as e from './x87-environment';
import * as engine from './engine';
import * as m from './x87-memory';
import * as o from './x87-operations';
import * as r from './round';
import * as s from './x87-state';
import * as x from './x87-exact';
import { condition } from './condition';
import {
  CODE_OFFSET,
  CODE_SELECTOR,
  CONTROL,
  DATA_OFFSET,
  DATA_SELECTOR,
  EIP,
  FAULTED,
  IMAGE,
  LAST_OPCODE,
  PREFIXES,
  PREVIOUS_EIP,
  SEGMENT_BASE,
  SELECTORS,
  STATUS,
} from './state';

@external('v86', 'instr16_D9_4_reg')
declare function runD94(i: i32): void;
@external('v86', 'instr16_D9_5_reg')
declare function runD95(i: i32): void;
@external('v86', 'instr16_D9_6_reg')
declare function runD96(i: i32): void;
@external('v86', 'instr16_D9_7_reg')
declare function runD97(i: i32): void;
@external('v86', 'fpu_load_status_word')
declare function loadStatusWord(): i32;
@external('v86', 'instr_9B$original')
declare function waitOriginal(): void;

const CS: i32 = 1;
/** In an opcode: operands have 32 bits. */
const WIDE: i32 = 0x100;

/** In the place of the interpreter's, for D8 to DF. */
export function x87Run(opcode: i32): void {
  if (!engine.x87Allowed() || !engine.fetch8()) return;
  run(opcode & 7, engine.value32, (opcode & WIDE) !== 0);
}

/**
 * From JIT code, in the place of an export that nothing uses.
 * @param place as the engine's functions for JIT code take it: the instruction's offset in its page, and the module
 * @param what the opcode; above it the prefixes, and how far from the instruction its ModRM byte is
 */
export function x87FromJit(place: i32, what: i32): void {
  const eip = load<i32>(EIP);
  const previous = load<i32>(PREVIOUS_EIP);
  const start = (eip & ~0xfff) | (place & 0xfff);
  store<i32>(PREVIOUS_EIP, start);
  store<i32>(EIP, start + ((what >> 20) & 15));
  store<u8>(PREFIXES, what >> 12);
  store<u8>(FAULTED, 0);
  m.enterJit(place);
  if (engine.fetch8()) run(what & 7, engine.value32, (what & WIDE) !== 0);
  m.leaveJit();
  store<u8>(PREFIXES, 0);
  store<i32>(PREVIOUS_EIP, previous);
  if (load<u8>(FAULTED) === 0) store<i32>(EIP, eip);
}

function run(escape: i32, modrm: i32, wide: bool): void {
  if (modrm >= 0xc0) {
    if ((<i32>load<u16>(STATUS) & s.SUMMARY) !== 0 && waits(escape, modrm) && m.deliversPending()) return;
    if (registers(escape, (modrm >> 3) & 7, modrm & 7)) keepPointers(escape, modrm, false);
    return;
  }
  const operation = (modrm >> 3) & 7;
  if ((<i32>load<u16>(STATUS) & s.SUMMARY) !== 0 && memoryWaits(escape, operation) && m.deliversPending()) return;
  if (!m.locate(modrm)) return;
  if (memory(escape, operation, wide)) keepPointers(escape, modrm, true);
}

/** FNCLEX, FNINIT and their like, and FNSTSW AX, do not wait. */
function waits(escape: i32, modrm: i32): bool {
  return !(escape === 3 && modrm >> 3 === 0x1c) && !(escape === 7 && modrm === 0xe0);
}

/** FNSTENV, FNSTCW, FNSAVE, FNSTSW do not. */
function memoryWaits(escape: i32, operation: i32): bool {
  return !(escape === 1 && operation >= 6) && !(escape === 5 && operation >= 6);
}

function keepPointers(escape: i32, modrm: i32, hasOperand: bool): void {
  store<i32>(LAST_OPCODE, (escape << 8) | modrm);
  store<i32>(CODE_OFFSET, load<i32>(PREVIOUS_EIP) - load<i32>(SEGMENT_BASE + (CS << 2)));
  store<i32>(CODE_SELECTOR, load<u16>(SELECTORS + (CS << 1)));
  if (!hasOperand) return;
  store<i32>(DATA_OFFSET, m.offset);
  store<i32>(DATA_SELECTOR, m.segment < 6 ? load<u16>(SELECTORS + (m.segment << 1)) : 0);
}

/** @returns whether it was an instruction whose place is kept */
function registers(escape: i32, operation: i32, i: i32): bool {
  switch (escape) {
    case 0:
      return arithmetic(operation, 0, i, 0);
    case 1:
      return d9(operation, i);
    case 2:
      if (operation < 4) o.moveIf(condition(operation), i);
      else if (operation === 5 && i === 1) o.compare(1, true, 2);
      else return undefined();
      return true;
    case 3:
      if (operation < 4) o.moveIf(!condition(operation), i);
      else if (operation === 4) return control(i);
      else if (operation < 7) o.compareFlags(i, operation === 5, 0);
      else return undefined();
      return true;
    case 4:
      return arithmetic(operation, i, i, 0);
    case 5:
      return dd(operation, i);
    case 6:
      if (operation === 2) o.compare(i, false, 1);
      else if (operation !== 3) return arithmetic(operation, i, i, 1);
      else if (i === 1) o.compare(1, false, 2);
      else return undefined();
      return true;
    default:
      return df(operation, i);
  }
}

function undefined(): bool {
  m.undefined();
  return false;
}

function arithmetic(operation: i32, to: i32, i: i32, pops: i32): bool {
  if (operation === 2 || operation === 3) o.compare(i, false, operation - 2);
  else o.arithmetic(operation, to, i, pops);
  return true;
}

function d9(operation: i32, i: i32): bool {
  switch (operation) {
    case 0:
      o.pushRegister(i);
      return true;
    case 1:
      o.exchange(i);
      return true;
    case 2:
      return i === 0 ? false : undefined();
    case 3:
      o.storeRegister(i, 1);
      return true;
    case 4:
      if ((i & 2) !== 0 || i > 5) return undefined();
      runD94(i);
      return true;
    case 5:
      if (i === 7) return undefined();
      runD95(i);
      return true;
    case 6:
      runD96(i);
      return true;
    default:
      runD97(i);
      return true;
  }
}

/** DB E0 to E7. */
function control(i: i32): bool {
  if (i === 2) store<u16>(STATUS, 0);
  else if (i === 3) e.initialize();
  else if (i > 4) return undefined();
  return false;
}

function dd(operation: i32, i: i32): bool {
  switch (operation) {
    case 0:
      free(i, 0);
      return true;
    case 1:
      o.exchange(i);
      return true;
    case 2:
    case 3:
      o.storeRegister(i, operation - 2);
      return true;
    case 4:
    case 5:
      o.compare(i, true, operation - 4);
      return true;
    default:
      return undefined();
  }
}

function df(operation: i32, i: i32): bool {
  switch (operation) {
    case 0:
      free(i, 1);
      return true;
    case 1:
      o.exchange(i);
      return true;
    case 2:
    case 3:
      o.storeRegister(i, 1);
      return true;
    case 4:
      if (i !== 0) return undefined();
      m.setAx(status());
      return false;
    case 5:
    case 6:
      o.compareFlags(i, operation === 5, 1);
      return true;
    default:
      return undefined();
  }
}

/** FFREE, FFREEP. */
function free(i: i32, pops: i32): void {
  s.begin();
  s.setEmpty(i);
  s.pop(pops);
  s.finish(s.C1, 0);
}

/** What is observed of JIT code is seen by its call; the interpreter is observed otherwise. */
function status(): i32 {
  return m.inJit() ? loadStatusWord() & 0xffff : s.statusWord();
}

/** Operands in memory. @returns whether it is an instruction whose place is kept, and did not fault */
function memory(escape: i32, operation: i32, wide: bool): bool {
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
      if (m.writable(2)) m.write16(m.linear, status());
      return false;
    case 0x11:
    case 0x34:
    case 0x36:
    case 0x55:
      return undefined();
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
  if (!kept) {
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

/** In the place of FWAIT. */
export function wait(): void {
  if ((<i32>load<u16>(STATUS) & s.SUMMARY) !== 0 && engine.waitAllowed() && m.deliversPending()) return;
  waitOriginal();
}
