/**
 * Memory of x87 instructions, and their faults: in the interpreter, where a fault is delivered at once, and in JIT code,
 * where it is noted for the end of that code. All of an operand is looked at before any of it is accessed.
 */
import * as engine from './engine';
import { CR0, EIP, GPR, PREFIXES, PREVIOUS_EIP, SEGMENT_BASE, SEGMENT_NULL, FAULTED } from './state';

@external('v86', 'cpu::writable_or_pagefault')
declare function writableOrFault(address: i32, size: i32): i32;
@external('v86', 'writable_or_pagefault_jit')
declare function writableOrFaultJit(address: i32, size: i32, place: i32): i32;
@external('v86', 'readable_or_pagefault_jit')
declare function readableOrFaultJit(address: i32, size: i32, place: i32): i32;
@external('v86', 'cpu::safe_write16')
declare function safeWrite16(address: i32, value: i32): i32;
@external('v86', 'cpu::safe_write32')
declare function safeWrite32(address: i32, value: i32): i32;
@external('v86', 'cpu::safe_write64')
declare function safeWrite64(address: i32, value: u64): i32;

/** Where the engine notes how JIT code ended: an exception's number, whether it has an error code, which. */
const EXIT_VECTOR: usize = 37372;
const EXIT_HAS_ERROR: usize = 35472;
const EXIT_ERROR: usize = 37368;

const SS: i32 = 2;
const DS: i32 = 3;
const NO_SEGMENT: i32 = 7;

/** Whether JIT code runs; the place of its instruction, as the engine's functions for JIT code take it. */
let jit: bool = false;
let place: i32 = 0;

export function inJit(): bool {
  return jit;
}

export function enterJit(at: i32): void {
  jit = true;
  place = at;
}

export function leaveJit(): void {
  jit = false;
}

/** Delivers or notes an exception of the instruction under way. @param error -1 for none */
export function fault(vector: i32, error: i32): void {
  if (!jit) {
    if (error >= 0) engine.protectionFault();
    else engine.fault(vector);
    return;
  }
  store<i32>(EIP, load<i32>(PREVIOUS_EIP));
  store<i32>(EXIT_VECTOR, vector);
  store<i32>(EXIT_HAS_ERROR, error >= 0 ? 1 : 0);
  if (error >= 0) store<i32>(EXIT_ERROR, error);
  store<u8>(FAULTED, 1);
}

/** @returns false, for those that return whether an instruction was done */
export function undefinedOpcode(): bool {
  fault(6, -1);
  return false;
}

/** An exception of an instruction before waits, and is delivered. */
export function deliversPending(): bool {
  const NUMERIC_ERROR = 0x20;
  if ((load<i32>(CR0) & NUMERIC_ERROR) === 0) return false;
  fault(16, -1);
  return true;
}

/** The operand's linear address, segment (the prefix's number less one) and offset. */
export let linear: i32 = 0;
export let segment: i32 = 0;
export let offset: i32 = 0;

/** Works out where the operand is. @returns whether it could; else it faulted */
export function locate(modrm: i32): bool {
  segment = (<i32>load<u8>(PREFIXES) & 7) - 1;
  if (segment < 0) segment = defaultSegment(modrm);
  if (jit && segment < 6 && load<u8>(SEGMENT_NULL + segment) !== 0) {
    fault(13, 0);
    return false;
  }
  if (!engine.resolve(modrm)) return false;
  linear = engine.value32;
  offset = linear - (segment < 6 ? load<i32>(SEGMENT_BASE + (segment << 2)) : 0);
  return true;
}

function defaultSegment(modrm: i32): i32 {
  const mode = modrm >> 6;
  const base = modrm & 7;
  if (!engine.wideAddresses()) return base === 2 || base === 3 || (base === 6 && mode !== 0) ? SS : DS;
  if (base === 5) return mode !== 0 ? SS : DS;
  if (base !== 4) return DS;
  // The SIB byte comes next; it is read again.
  if (!engine.fetch8()) return NO_SEGMENT;
  store<i32>(EIP, load<i32>(EIP) - 1);
  const inner = engine.value32 & 7;
  return inner === 4 || (inner === 5 && mode !== 0) ? SS : DS;
}

export function readable(size: i32): bool {
  if (!jit || readableOrFaultJit(linear, size, place & 0xffff) === 0) return true;
  store<u8>(FAULTED, 1);
  return false;
}

export function writable(size: i32): bool {
  if (!jit) return writableOrFault(linear, size) === 0;
  if (writableOrFaultJit(linear, size, place) === 0) return true;
  store<u8>(FAULTED, 1);
  return false;
}

/** Stores, where `writable` said that they can. */
export function write16(at: i32, value: i32): void {
  safeWrite16(at, value & 0xffff);
}

export function write32(at: i32, value: i32): void {
  safeWrite32(at, value);
}

export function write64(at: i32, value: u64): void {
  safeWrite64(at, value);
}

/** Sets AX. */
export function setAx(value: i32): void {
  store<u16>(GPR, value);
}
