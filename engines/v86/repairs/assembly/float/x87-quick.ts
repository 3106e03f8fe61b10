/**
 * What the quick ways of x87 instructions share (the files x87-quick-…): JIT code calls them first. Each does an ordinary
 * case to the end and returns 1, or changes nothing and returns 0: then JIT code calls the general way, x87-run.ts.
 * `what` tells of the instruction: its offset in its page, the segment of its operand, its opcode.
 */
import { fetch8 } from './engine';
import { C1, CODES, SUMMARY } from './x87-state';
import {
  CODE_OFFSET,
  CODE_SELECTOR,
  CONTROL,
  CR0,
  DATA_OFFSET,
  EIP,
  EMPTY,
  FETCHED,
  LAST_OPCODE,
  SEGMENT_BASE,
  SELECTORS,
  ST,
  STATUS,
  TOP,
} from './state';

/** In `what`: the offset in the page is in the bits below. */
export const SEGMENT_AT: i32 = 12;
export const OPCODE_AT: i32 = 16;

const EXCEPTIONS: i32 = 0x3f;
export const INEXACT: i32 = 0x20;
/** Of the control word: how to round. 0 is to nearest. */
export const ROUNDING: i32 = 0xc00;
export const TRUNCATING: i32 = 0xc00;
/** Bits that the status word does not keep there. */
const NOT_KEPT: i32 = SUMMARY | 0x8000 | (7 << 11);
const CS: i32 = 1;

/** Whether the x87 is not there. */
@inline
export function isAway(what: i32): bool {
  if ((load<i32>(CR0) & 12) !== 0) return true;
  return ((load<i32>(EIP) ^ load<i32>(FETCHED)) & ~0xfff) !== 0 && !fetched(what);
}

/** Fetches from the instruction's page, as the general way does: digests in recordings tell of the page fetched from last. */
function fetched(what: i32): bool {
  const eip = load<i32>(EIP);
  store<i32>(EIP, (eip & ~0xfff) | (what & 0xfff));
  const ok = fetch8();
  store<i32>(EIP, eip);
  return ok;
}

/** Nothing keeps the instruction from running, and no exception of `raised` would be delivered after it. */
@inline
export function isReady(what: i32, raised: i32): bool {
  const status = <i32>load<u16>(STATUS);
  const waiting = (status | raised) & ~(<i32>load<u16>(CONTROL)) & EXCEPTIONS;
  return (waiting | (status & SUMMARY)) === 0 && !isAway(what);
}

/** The same where a result is rounded, which is to nearest. */
@inline
export function roundsQuickly(what: i32): bool {
  const status = <i32>load<u16>(STATUS);
  const control = <i32>load<u16>(CONTROL);
  const waiting = (status | INEXACT) & ~control & EXCEPTIONS;
  return (waiting | (status & SUMMARY) | (control & ROUNDING)) === 0 && !isAway(what);
}

/** The status word after an instruction. @param values C1, and what was raised */
@inline
export function setC1(values: i32): void {
  store<u16>(STATUS, (<i32>load<u16>(STATUS) & ~(NOT_KEPT | C1)) | values);
}

/** @param values all of C0 to C3 */
@inline
export function setCodes(values: i32): void {
  store<u16>(STATUS, (<i32>load<u16>(STATUS) & ~(NOT_KEPT | CODES)) | values);
}

/** Of an instruction that sets none of C0 to C3. */
@inline
export function keepStatus(): void {
  store<u16>(STATUS, <i32>load<u16>(STATUS) & ~NOT_KEPT);
}

@inline
export function keepCode(what: i32): void {
  const at = ((load<i32>(EIP) & ~0xfff) | (what & 0xfff)) - load<i32>(SEGMENT_BASE + (CS << 2));
  store<i32>(LAST_OPCODE, what >>> OPCODE_AT);
  store<i32>(CODE_OFFSET, at);
  store<i32>(CODE_SELECTOR, load<u16>(SELECTORS + (CS << 1)));
}

/** Of an instruction with an operand in memory. */
@inline
export function keepPlaces(what: i32, offset: i32): void {
  keepCode(what);
  const selector = <i32>load<u16>(SELECTORS + (((what >> SEGMENT_AT) & 7) << 1));
  store<u64>(DATA_OFFSET, (<u64>(<u32>selector) << 32) | <u64>(<u32>offset));
}

/** The i of ST(i) in an instruction's opcode. */
@inline
export function operandOf(what: i32): i32 {
  return (what >> OPCODE_AT) & 7;
}

@inline
export function top(): i32 {
  return <i32>load<u8>(TOP);
}

@inline
export function empties(): i32 {
  return <i32>load<u8>(EMPTY);
}

/** Where a register is: `i` counts from the first and not from the one on top. */
@inline
export function registerAt(i: i32): usize {
  return ST + ((i & 7) << 4);
}

@inline
export function fill(i: i32): void {
  store<u8>(EMPTY, empties() & ~(1 << i));
}

/** Takes the register on top off. */
@inline
export function pop(): void {
  const at = top();
  store<u8>(EMPTY, empties() | (1 << at));
  store<u8>(TOP, (at + 1) & 7);
}

/** Puts a number on top, where there is room, and ends the instruction's work on registers and status. */
@inline
export function push(mantissa: u64, signAndExponent: i32): bool {
  const at = (top() - 1) & 7;
  const empty = empties();
  if (((empty >> at) & 1) === 0) return false;
  store<u64>(registerAt(at), mantissa);
  store<u16>(registerAt(at), signAndExponent, 8);
  store<u8>(EMPTY, empty & ~(1 << at));
  store<u8>(TOP, at);
  setC1(0);
  return true;
}

/** A number that is neither zero, denormal, infinite, a NaN nor none. */
@inline
export function isNormal(mantissa: u64, signAndExponent: i32): bool {
  return <u32>((signAndExponent & 0x7fff) - 1) < 0x7ffe && <i64>mantissa < 0;
}

@inline
export function isZero(mantissa: u64, signAndExponent: i32): bool {
  return mantissa === 0 && (signAndExponent & 0x7fff) === 0;
}
