/**
 * What floating point adds to JIT code: v86's generator writes the code of an instruction into a buffer of bytes, and
 * these write there too. Offsets are those of its structures in the one release that is repaired.
 */
import { SCRATCH } from './state';

@external('v86', 'WasmBuilder::if_void')
declare function ifVoid(builder: usize): void;
@external('v86', 'WasmBuilder::block_end')
declare function blockEnd(builder: usize): void;
@external('v86', 'WasmBuilder::write_label')
declare function writeLabel(builder: usize, label: i32): void;
@external('v86', 'WasmBuilder::call_fn')
declare function callFn(builder: usize, name: usize, length: i32, type: i32): void;
@external('v86', '_RNvMs4_NtCs6UNhEcE2CoN_5alloc7raw_vecINtB5_6RawVechE8grow_oneB7_')
declare function growOne(buffer: usize): void;

/**
 * Of the context of an instruction: the reader of its bytes, the builder, where its registers are, its address, the exits:
 * with an exception, and without.
 */
const READER: usize = 32;
const BUILDER: usize = 36;
const REGISTERS: usize = 40;
const START: usize = 44;
const EXIT: usize = 48;
const QUIET_EXIT: usize = 52;
/** The number of the module that is generated. */
const MODULE: usize = 56;
/** Of the reader: its physical address, the prefixes read. */
const READER_PREFIXES: usize = 8;
/** Of the builder: a vector of bytes (capacity, address, length). */
const CODE: usize = 68;
const CODE_AT: usize = 72;
const CODE_LENGTH: usize = 76;
/** Where the engine keeps the address of guest RAM. */
const RAM: usize = 8478052;

@external('v86', 'codegen::gen_move_registers_from_locals_to_memory')
declare function localsToMemory(builder: usize, registers: usize): void;
@external('v86', 'codegen::gen_move_registers_from_memory_to_locals')
declare function memoryToLocals(builder: usize, registers: usize): void;

/** The type of a function of nothing that returns nothing, in the generator's table; of one i32. */
export const TYPE_NOTHING: i32 = 0;
const TYPE_I32: i32 = 1;
/** Of two. */
export const TYPE_TWO_I32: i32 = 2;
/** Of functions that return an i32: of nothing, of one i32, of two. */
export const TYPE_RETURNS_I32: i32 = 4;
export const TYPE_I32_RETURNS_I32: i32 = 6;
export const TYPE_TWO_I32_RETURNS_I32: i32 = 7;

export function builderOf(context: usize): usize {
  return load<usize>(context, BUILDER);
}

/** What a reader of code has read. */
export function prefixesRead(reader: usize): i32 {
  return load<u8>(reader, READER_PREFIXES);
}

export function setPrefixesRead(reader: usize, prefixes: i32): void {
  store<u8>(reader, prefixes, READER_PREFIXES);
}

/** The physical address that it reads next. */
export function addressOf(reader: usize): i32 {
  return load<i32>(reader);
}

export function readerOf(context: usize): usize {
  return load<usize>(context, READER);
}

export function prefixesOf(context: usize): i32 {
  return prefixesRead(readerOf(context));
}

/** Reads the next byte of the instruction. */
export function next(context: usize): i32 {
  const reader = load<usize>(context, READER);
  const at = load<i32>(reader);
  store<i32>(reader, at + 1);
  return codeAt(at);
}

/** How far the next byte is from the instruction's first. */
export function distance(context: usize): i32 {
  return load<i32>(load<usize>(context, READER)) - startOf(context);
}

/** Where the instruction is, as the engine's functions for JIT code take it: the offset in its page, and the module. */
export function placeOf(context: usize): i32 {
  return (<i32>load<u16>(context, MODULE) << 16) | (startOf(context) & 0xfff);
}

/** The next byte of the instruction that is being read. */
export function peek(context: usize): i32 {
  return codeAt(load<i32>(load<usize>(context, READER)));
}

/** The physical address of the instruction. */
export function startOf(context: usize): i32 {
  return load<i32>(context, START);
}

export function codeAt(physical: i32): i32 {
  return load<u8>(load<usize>(RAM) + physical);
}

/** The local of WebAssembly that holds a general register. */
export function localOf(context: usize, register: i32): i32 {
  return load<u8>(load<usize>(load<usize>(context, REGISTERS), 4) + register);
}

function byte(builder: usize, value: i32): void {
  const length = load<usize>(builder, CODE_LENGTH);
  if (length === load<usize>(builder, CODE)) growOne(builder + CODE);
  store<u8>(load<usize>(builder, CODE_AT) + length, value);
  store<usize>(builder, length + 1, CODE_LENGTH);
}

/** A whole number as WebAssembly writes those with a sign. */
function signed(builder: usize, value: i32): void {
  for (;;) {
    const low = value & 0x7f;
    value >>= 7;
    if ((value === 0 && (low & 0x40) === 0) || (value === -1 && (low & 0x40) !== 0)) {
      byte(builder, low);
      return;
    }
    byte(builder, low | 0x80);
  }
}

function unsigned(builder: usize, value: u32): void {
  while (value > 0x7f) {
    byte(builder, (value & 0x7f) | 0x80);
    value >>= 7;
  }
  byte(builder, value);
}

export function constant(builder: usize, value: i32): void {
  byte(builder, 0x41);
  signed(builder, value);
}

export function getLocal(builder: usize, local: i32): void {
  byte(builder, 0x20);
  unsigned(builder, local);
}

export function setLocal(builder: usize, local: i32): void {
  byte(builder, 0x21);
  unsigned(builder, local);
}

export function add(builder: usize): void {
  byte(builder, 0x6a);
}

export function shiftLeft(builder: usize): void {
  byte(builder, 0x74);
}

export function isZero(builder: usize): void {
  byte(builder, 0x45);
}

export function and(builder: usize): void {
  byte(builder, 0x71);
}

export function or(builder: usize): void {
  byte(builder, 0x72);
}

/** A load of a byte or a word at a fixed address. */
export function loadByte(builder: usize, address: usize): void {
  constant(builder, 0);
  byte(builder, 0x2d);
  byte(builder, 0);
  unsigned(builder, address as u32);
}

export function loadWord(builder: usize, address: usize): void {
  constant(builder, 0);
  byte(builder, 0x28);
  byte(builder, 2);
  unsigned(builder, address as u32);
}

/** Stores what `value` pushes; the address is pushed before. */
export function storeWord(builder: usize, address: usize): void {
  byte(builder, 0x36);
  byte(builder, 2);
  unsigned(builder, address as u32);
}

export function startIf(builder: usize): void {
  ifVoid(builder);
}

export function otherwise(builder: usize): void {
  byte(builder, 0x05);
}

export function endIf(builder: usize): void {
  blockEnd(builder);
}

/** Leaves JIT code, which delivers the exception that was set. */
export function leave(context: usize): void {
  branch(context, EXIT);
}

/** Leaves JIT code; EIP is set. */
export function leaveQuietly(context: usize): void {
  branch(context, QUIET_EXIT);
}

function branch(context: usize, exit: usize): void {
  const builder = builderOf(context);
  byte(builder, 12);
  writeLabel(builder, load<i32>(context + exit));
}

/** Calls the export "trigger_nm_jit", which the generator itself never uses, with the instruction's place in its page. */
export function callTrap(context: usize): void {
  const builder = builderOf(context);
  constant(builder, startOf(context) & 0xfff);
  // "trigger_nm_jit"
  store<u64>(SCRATCH, 0x5f72656767697274);
  store<u64>(SCRATCH + 8, 0x74696a5f6d6e);
  callFn(builder, SCRATCH, 14, TYPE_I32);
}

export function call(builder: usize, name: usize, length: i32, type: i32): void {
  callFn(builder, name, length, type);
}

/** Calls an export whose name these bytes are, with one i32. */
export function callNamed(builder: usize, first: u64, second: u64, length: i32): void {
  store<u64>(SCRATCH, first);
  store<u64>(SCRATCH + 8, second);
  callFn(builder, SCRATCH, length, TYPE_I32);
}

/** General registers to where the interpreter has them, and back. */
export function registersToMemory(context: usize): void {
  localsToMemory(builderOf(context), load<usize>(context, REGISTERS));
}

export function registersFromMemory(context: usize): void {
  memoryToLocals(builderOf(context), load<usize>(context, REGISTERS));
}
