/** Opcodes D8 to DF in the interpreter, and as JIT code calls them. */
import * as e from './x87-environment';
import * as engine from './engine';
import * as m from './x87-memory';
import * as o from './x87-operations';
import { memory, observedStatus } from './x87-operands';
import * as s from './x87-state';
import { condition } from './condition';
import {
  CODE_OFFSET,
  CODE_SELECTOR,
  DATA_OFFSET,
  DATA_SELECTOR,
  EIP,
  FAULTED,
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
      else return m.undefinedOpcode();
      return true;
    case 3:
      if (operation < 4) o.moveIf(!condition(operation), i);
      else if (operation === 4) return control(i);
      else if (operation < 7) o.compareFlags(i, operation === 5, 0);
      else return m.undefinedOpcode();
      return true;
    case 4:
      return arithmetic(operation, i, i, 0);
    case 5:
      return dd(operation, i);
    case 6:
      if (operation === 2) o.compare(i, false, 1);
      else if (operation !== 3) return arithmetic(operation, i, i, 1);
      else if (i === 1) o.compare(1, false, 2);
      else return m.undefinedOpcode();
      return true;
    default:
      return df(operation, i);
  }
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
      return i === 0 ? false : m.undefinedOpcode();
    case 3:
      o.storeUnchecked(i);
      return true;
    case 4:
      if ((i & 2) !== 0 || i > 5) return m.undefinedOpcode();
      runD94(i);
      return true;
    case 5:
      if (i === 7) return m.undefinedOpcode();
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
  else if (i > 4) return m.undefinedOpcode();
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
      return m.undefinedOpcode();
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
      if (i !== 0) return m.undefinedOpcode();
      m.setAx(observedStatus());
      return false;
    case 5:
    case 6:
      o.compareFlags(i, operation === 5, 1);
      return true;
    default:
      return m.undefinedOpcode();
  }
}

/** FFREE, FFREEP. */
function free(i: i32, pops: i32): void {
  s.begin();
  s.setEmpty(i);
  s.pop(pops);
  s.finish(s.C1, 0);
}

/** FWAIT, as JIT code calls it. */
export function wait(): void {
  if ((<i32>load<u16>(STATUS) & s.SUMMARY) !== 0 && engine.waitAllowed() && m.deliversPending()) return;
  waitOriginal();
}

/** In the place of the interpreter's. */
export function x87Wait(opcode: i32): void {
  wait();
}
