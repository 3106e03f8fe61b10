/** The x87's registers, tags and status word, where the engine keeps them. */
import * as r from './round';
import * as x from './x87-exact';
import { CONTROL, EMPTY, ST, STATUS, TOP } from './state';

export const C0: i32 = 0x100;
export const C1: i32 = 0x200;
export const C2: i32 = 0x400;
export const C3: i32 = 0x4000;
export const CODES: i32 = C0 | C1 | C2 | C3;
const EXCEPTIONS: i32 = 0x3f;
const STACK_FAULT: i32 = 0x40;
export const SUMMARY: i32 = 0x80;
const BUSY: i32 = 0x8000;
/** Bits of the control word that are kept, and the one that is always set. */
const SETTABLE: i32 = 0x1f3f;
const ALWAYS_SET: i32 = 0x40;
export const INITIAL_CONTROL: i32 = 0x37f;
/** Exceptions of operands: with one of them that is not masked nothing is computed. */
export const BEFORE: i32 = r.INVALID | r.DENORMAL | r.DIVIDE;

@external('v86', 'set_control_word$original')
declare function setEngineControl(word: i32): void;

/** The bits of registers that are empty, and the number of the one on top. */
function empties(): i32 {
  return <i32>load<u8>(EMPTY);
}

function physical(i: i32): i32 {
  return (<i32>load<u8>(TOP) + i) & 7;
}

export function register(i: i32): usize {
  return ST + (physical(i) << 4);
}

export function mantissaOf(i: i32): u64 {
  return load<u64>(register(i));
}

export function topOf(i: i32): i32 {
  return <i32>load<u16>(register(i), 8);
}

export function isEmpty(i: i32): bool {
  return ((empties() >> physical(i)) & 1) !== 0;
}

export function setEmpty(i: i32): void {
  store<u8>(EMPTY, empties() | (1 << physical(i)));
}

/** Writes a number there, which says nothing of whether the register is full. */
export function leave(i: i32, mantissa: u64, top: i32): void {
  const at = register(i);
  store<u64>(at, mantissa);
  store<u16>(at, top, 8);
}

/** Writes the result there, which makes the register full. */
export function setRegister(i: i32, mantissa: u64, top: i32): void {
  leave(i, mantissa, top);
  store<u8>(EMPTY, empties() & ~(1 << physical(i)));
}

export function moveTop(by: i32): void {
  store<u8>(TOP, physical(by));
}

export function pop(times: i32): void {
  for (; times > 0; times--) {
    setEmpty(0);
    moveTop(1);
  }
}

/** Whether an operation found a register empty, or none: its C1, else -1. */
let stackFault: i32 = -1;

/** Before each instruction that computes. */
export function begin(): void {
  x.begin();
  stackFault = -1;
}

/** A register that is read is empty, or one that is pushed to is not. @returns whether the result is the indefinite number */
export function stackFaults(overflow: bool): bool {
  r.raise(r.INVALID);
  stackFault = overflow ? C1 : 0;
  x.indefinite();
  return (x.masks & r.INVALID) !== 0;
}

/** Whether a register that is read is empty. */
export function underflows(i: i32): bool {
  if (!isEmpty(i)) return false;
  stackFaults(false);
  return true;
}

/** Whether one of these exceptions was raised and is not masked. */
export function trapped(which: i32): bool {
  return (r.raised & ~x.masks & which) !== 0;
}

/**
 * Ends an instruction: what was raised goes to the status word.
 * @param codes of C0 to C3 those that the instruction sets @param values what to
 */
export function finish(codes: i32, values: i32): void {
  let status = <i32>load<u16>(STATUS);
  if (stackFault >= 0) {
    status |= STACK_FAULT;
    codes |= C1;
    values = (values & ~C1) | stackFault;
  }
  // With one of operands that is delivered there is no result to say anything of.
  const flags = trapped(BEFORE) ? r.raised & BEFORE : r.raised;
  setStatus((status & ~codes) | (values & codes) | flags);
}

/** C1 of what rounds: whether the result was made larger. */
export function roundedCode(): i32 {
  return r.roundedUp && !trapped(BEFORE) ? C1 : 0;
}

/** With the bits that say that an exception waits to be delivered. */
export function setStatus(status: i32): void {
  status &= ~(SUMMARY | BUSY | (7 << 11));
  if ((status & ~(<i32>load<u16>(CONTROL)) & EXCEPTIONS) !== 0) status |= SUMMARY | BUSY;
  store<u16>(STATUS, status);
}

/** In the place of the engine's, which keeps all bits. */
export function setControlWord(word: i32): void {
  setEngineControl((word & SETTABLE) | ALWAYS_SET);
  setStatus(<i32>load<u16>(STATUS));
}

export function statusWord(): i32 {
  return <i32>load<u16>(STATUS) | (physical(0) << 11);
}

/** In the place of the engine's: two bits a register. */
export function tagWord(): i32 {
  let tags = 0;
  for (let i = 0; i < 8; i++) {
    const at = ST + (i << 4);
    const exponent = <i32>load<u16>(at, 8) & 0x7fff;
    const mantissa = load<u64>(at);
    let tag = exponent === 0x7fff || mantissa >> 63 === 0 ? 2 : 0;
    if (exponent === 0) tag = mantissa === 0 ? 1 : 2;
    if ((empties() >> i) & 1) tag = 3;
    tags |= tag << (i << 1);
  }
  return tags;
}
