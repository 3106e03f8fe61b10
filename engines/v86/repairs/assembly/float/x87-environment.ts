/** FSTENV, FLDENV, FSAVE, FRSTOR: the state in memory, in 16 or 32 bits, as protected mode or real mode has it. */
import * as engine from './engine';
import * as m from './x87-memory';
import * as s from './x87-state';
import {
  CODE_OFFSET,
  CODE_SELECTOR,
  CONTROL,
  CR0,
  DATA_OFFSET,
  DATA_SELECTOR,
  EMPTY,
  FLAGS,
  IMAGE,
  LAST_OPCODE,
  STATUS,
  TOP,
} from './state';

@external('v86', 'fpu_fstenv16')
declare function storeEnvironment16(address: i32): void;
@external('v86', 'fpu_fstenv32')
declare function storeEnvironment32(address: i32): void;

/** The exceptions in the control word. */
const MASKS: i32 = 0x3f;
const OPCODE: i32 = 0x7ff;

function realMode(): bool {
  const VIRTUAL_8086 = 0x20000;
  return (load<i32>(CR0) & 1) === 0 || (load<i32>(FLAGS) & VIRTUAL_8086) !== 0;
}

let at: i32 = 0;
let narrow: bool = false;

function put(value: i32): void {
  if (narrow) m.write16(at, value);
  else m.write32(at, value);
  at += narrow ? 2 : 4;
}

/** In the place of the engine's; the memory can be written. */
export function fstenv16(address: i32): void {
  narrow = true;
  putEnvironment(address);
}

export function fstenv32(address: i32): void {
  narrow = false;
  putEnvironment(address);
}

function putEnvironment(address: i32): void {
  const above = narrow ? 0 : <i32>0xffff0000;
  const opcode = load<i32>(LAST_OPCODE) & OPCODE;
  const codeOffset = load<i32>(CODE_OFFSET);
  const codeSelector = load<i32>(CODE_SELECTOR) & 0xffff;
  const dataOffset = load<i32>(DATA_OFFSET);
  const dataSelector = load<i32>(DATA_SELECTOR) & 0xffff;
  at = address;
  put(above | <i32>load<u16>(CONTROL));
  put(above | s.statusWord());
  put(above | s.tagWord());
  if (!realMode()) {
    put(codeOffset);
    put(narrow ? codeSelector : codeSelector | (opcode << 16));
    put(dataOffset);
    put(above | dataSelector);
    return;
  }
  const code = codeOffset + (codeSelector << 4);
  const data = dataOffset + (dataSelector << 4);
  put(narrow ? code : (code & 0xffff) | above);
  put(narrow ? ((code >>> 4) & 0xf000) | opcode : ((code >>> 16) << 12) | opcode);
  put(narrow ? data : (data & 0xffff) | above);
  put(narrow ? (data >>> 4) & 0xf000 : (data >>> 16) << 12);
}

export function sizeOf(wide: bool, registers: bool): i32 {
  return (wide ? 28 : 14) + (registers ? 80 : 0);
}

/** FNSTENV, FNSAVE. */
export function save(wide: bool, registers: bool): void {
  const address = m.linear;
  if (!m.writable(sizeOf(wide, registers))) return;
  if (wide) storeEnvironment32(address);
  else storeEnvironment16(address);
  if (!registers) {
    s.setControlWord(<i32>load<u16>(CONTROL) | MASKS);
    return;
  }
  for (let i = 0; i < 8; i++) {
    const to = address + sizeOf(wide, false) + 10 * i;
    m.write64(to, s.mantissaOf(i));
    m.write16(to + 8, s.topOf(i));
  }
  initialize();
}

/** FLDENV, FRSTOR. All is read before any of it is taken. */
export function restore(wide: bool, registers: bool): void {
  const size = sizeOf(wide, registers);
  if (!m.readable(size)) return;
  for (let i = 0; i < size; i += 2) {
    if (!engine.read16(m.linear + i)) return;
    store<u16>(IMAGE + i, engine.value32);
  }
  takeEnvironment(wide);
  if (!registers) return;
  for (let i = 0; i < 8; i++) {
    const from = IMAGE + sizeOf(wide, false) + 10 * i;
    store<u64>(s.register(i), load<u64>(from));
    store<u16>(s.register(i), load<u16>(from, 8), 8);
  }
}

function word(wide: bool, i: i32): i32 {
  return wide ? load<i32>(IMAGE + (i << 2)) : <i32>load<u16>(IMAGE + (i << 1));
}

function takeEnvironment(wide: bool): void {
  const status = word(wide, 1);
  store<u16>(STATUS, 0);
  s.setControlWord(word(wide, 0) & 0xffff);
  store<u8>(TOP, (status >> 11) & 7);
  s.setStatus(status & 0xffff);
  let empty = 0;
  for (let i = 0; i < 8; i++) if (((word(wide, 2) >> (i << 1)) & 3) === 3) empty |= 1 << i;
  store<u8>(EMPTY, empty);
  const codeHigh = word(wide, 4);
  const dataHigh = word(wide, 6);
  if (realMode()) {
    store<i32>(LAST_OPCODE, codeHigh & OPCODE);
    store<i32>(CODE_OFFSET, (word(wide, 3) & 0xffff) | (wide ? (codeHigh >>> 12) << 16 : (codeHigh & 0xf000) << 4));
    store<i32>(DATA_OFFSET, (word(wide, 5) & 0xffff) | (wide ? (dataHigh >>> 12) << 16 : (dataHigh & 0xf000) << 4));
    store<i32>(CODE_SELECTOR, 0);
    store<i32>(DATA_SELECTOR, 0);
    return;
  }
  store<i32>(CODE_OFFSET, word(wide, 3));
  store<i32>(CODE_SELECTOR, codeHigh & 0xffff);
  store<i32>(LAST_OPCODE, wide ? (codeHigh >>> 16) & OPCODE : 0);
  store<i32>(DATA_OFFSET, word(wide, 5));
  store<i32>(DATA_SELECTOR, dataHigh & 0xffff);
}

/** FNINIT. */
export function initialize(): void {
  store<u16>(STATUS, 0);
  s.setControlWord(s.INITIAL_CONTROL);
  store<u8>(TOP, 0);
  store<u8>(EMPTY, 0xff);
  store<i32>(LAST_OPCODE, 0);
  store<i32>(CODE_OFFSET, 0);
  store<i32>(CODE_SELECTOR, 0);
  store<i32>(DATA_OFFSET, 0);
  store<i32>(DATA_SELECTOR, 0);
}

@external('v86', 'instr_0F77$original')
declare function emmsOriginal(): void;

/** In the place of EMMS: it leaves ST0 in the first register. */
export function emms(): void {
  emmsOriginal();
  store<u8>(TOP, 0);
}

@external('v86', 'instr_0FAE_0_mem$original')
declare function fxsaveOriginal(address: i32): void;
@external('v86', 'instr_0FAE_1_mem$original')
declare function fxrstorOriginal(address: i32): void;

/** Whether an image of FXSAVE may lie there; else the exception was delivered. */
function isAligned(address: i32): bool {
  if ((address & 15) === 0) return true;
  engine.protectionFault();
  return false;
}

/** In the place of FXSAVE, which v86 stores anywhere. */
export function fxsave(address: i32): void {
  if (isAligned(address)) fxsaveOriginal(address);
}

/** In the place of FXRSTOR: some bits of the control word are fixed, and whether an exception waits follows from the rest. */
export function fxrstor(address: i32): void {
  if (!isAligned(address)) return;
  fxrstorOriginal(address);
  s.setControlWord(<i32>load<u16>(CONTROL));
}
