/** Far transfers of control whose targets v86 ends at, or lets pass: looked at before v86 does what it does well. */
import { FAULTED, findDescriptor, limit, OUTSIDE, upper } from './descriptor';
import { forgetDelivered, lastDelivered } from './gates';
import { fault, generalProtection, readSystem16, reaches, read16, read32, value } from './engine';
import {
  cpl, ESP, flags, FLAG_NT, FLAG_VM, iopl, protectedMode, reg, segmentBase, selector as selectorOf, setSelector, stackIs32, TR,
  virtual8086,
} from './registers';
import { stackAt } from './stack';

@external('v86', 'cpu::iret$original') declare function iretOriginal(is16: i32): void;
@external('v86', 'cpu::far_return$original')
declare function farReturnOriginal(offset: i32, selector: i32, released: i32, is32: i32): void;
@external('v86', 'cpu::far_jump$original')
declare function farJumpOriginal(offset: i32, selector: i32, isCall: i32, is32: i32): void;

const INVALID_TASK: i32 = 10;
const NOT_PRESENT: i32 = 11;

/** Whether the task that is to be returned to is one; else the fault was delivered. */
function taskMayReturn(): bool {
  if (!readSystem16(segmentBase(TR))) return false;
  const back = value;
  const error = back & 0xfffc;
  // In the global table, and a task that is busy
  const found = (back & 4) != 0 || error == 0 ? OUTSIDE : findDescriptor(back);
  if (found == FAULTED) return false;
  if (found == OUTSIDE || (upper & 0x1f00) != 0xb00) {
    fault(INVALID_TASK, error);
    return false;
  }
  if (upper & 0x8000) return true;
  fault(NOT_PRESENT, error);
  return false;
}

/** Whether IRET or a far return may go there; else the fault was delivered. */
function codeMayReturn(offset: i32, selector: i32): bool {
  const error = selector & 0xfffc;
  const found = error == 0 ? OUTSIDE : findDescriptor(selector);
  if (found == FAULTED) return false;
  if (found == OUTSIDE) {
    generalProtection(error);
    return false;
  }
  const privilege = (upper >> 13) & 3;
  const requested = selector & 3;
  const isCode = (upper & 0x1800) == 0x1800;
  const conforming = (upper & 0x400) != 0;
  if (!isCode || requested < cpl() || (conforming ? privilege > requested : privilege != requested)) {
    generalProtection(error);
    return false;
  }
  if (!(upper & 0x8000)) {
    fault(NOT_PRESENT, error);
    return false;
  }
  if (<u32>offset <= limit) return true;
  generalProtection(0);
  return false;
}

export function returnFromInterrupt(is16: i32): void {
  const v86Mode = protectedMode() && virtual8086();
  if (v86Mode && iopl() < 3) {
    iretOriginal(is16);
    return;
  }
  if (protectedMode() && !v86Mode && flags() & FLAG_NT) {
    if (taskMayReturn()) iretOriginal(is16);
    return;
  }
  if (!(is16 ? read16(stackAt(0)) : read32(stackAt(0)))) return;
  const offset = value;
  if (!protectedMode() || v86Mode) {
    if ((offset & ~0xffff) != 0) generalProtection(0);
    else iretOriginal(is16);
    return;
  }
  if (!read16(stackAt(is16 ? 2 : 4))) return;
  const selector = value;
  if (!(is16 ? read16(stackAt(4)) : read32(stackAt(8)))) return;
  const toVirtual = cpl() == 0 && (value & FLAG_VM) != 0;
  if (toVirtual || codeMayReturn(offset, selector)) iretOriginal(is16);
}

/** Kinds of system descriptors that can be jumped to: tasks that are not busy, task gates, call gates. */
const TARGETS: i32 = (1 << 1) | (1 << 9) | (1 << 5) | (1 << 4) | (1 << 12);

export function farJump(offset: i32, selector: i32, isCall: i32, is32: i32): void {
  if (protectedMode() && !virtual8086() && (selector & 0xfffc) != 0) {
    const found = findDescriptor(selector);
    if (found == FAULTED) return;
    if (found == OUTSIDE || (!(upper & 0x1000) && !((TARGETS >> ((upper >> 8) & 15)) & 1))) {
      generalProtection(selector & 0xfffc);
      return;
    }
  }
  // v86 looks at both words of a small stack as if they stood side by side.
  if (isCall && !stackIs32() && <u32>(reg(ESP) & 0xffff) < 8) {
    const bytes = is32 ? 4 : 2;
    if (!reaches(stackAt(-bytes), bytes, true) || !reaches(stackAt(-2 * bytes), bytes, true)) return;
  }
  farJumpOriginal(offset, selector, isCall, is32);
}

/** Whether a far jump or call goes beyond the end of a segment of code that it may go to: then the fault was delivered. */
function isBeyond(offset: i32, selector: i32): bool {
  if ((selector & 0xfffc) == 0) return false;
  const found = findDescriptor(selector);
  if (found == FAULTED) return true;
  if (found == OUTSIDE || (upper & 0x9800) != 0x9800 || <u32>offset <= limit) return false;
  const privilege = (upper >> 13) & 3;
  const own = cpl();
  if (upper & 0x400 ? privilege > own : privilege != own || (selector & 3) > own) return false;
  generalProtection(0);
  return true;
}

export function farJumpWithin(offset: i32, selector: i32, isCall: i32, is32: i32): void {
  if (protectedMode() && !virtual8086() && isBeyond(offset, selector)) return;
  farJump(offset, selector, isCall, is32);
}

export function farReturnWithin(offset: i32, selector: i32, released: i32, is32: i32): void {
  if (protectedMode() && !virtual8086() && !codeMayReturn(offset, selector)) return;
  farReturnOriginal(offset, selector, released, is32);
}

const ES: i32 = 0;
const DS: i32 = 3;
const FS: i32 = 4;
const GS: i32 = 5;

let held: i32 = 0;

@inline function holdNull(i: i32, shift: i32): void {
  const what = selectorOf(i);
  if ((what & 0xfffc) != 0) return;
  held |= what << shift;
  setSelector(i, 0);
}

@inline function giveNull(i: i32, shift: i32): void {
  if ((selectorOf(i) & 0xfffc) == 0) setSelector(i, (held >> shift) & 3);
}

/** Null selectors become 0 on the way to a level with fewer privileges: an interrupt may come before v86 is back from there. */
function clearNulls(): void {
  held = 0;
  holdNull(ES, 0);
  holdNull(DS, 2);
  holdNull(FS, 4);
  holdNull(GS, 6);
}

/** It faulted, and went nowhere. */
function restoreNulls(): void {
  const FIRST_FAULT: i32 = 10;
  const LAST_FAULT: i32 = 14;
  if (lastDelivered < FIRST_FAULT || lastDelivered > LAST_FAULT) return;
  giveNull(ES, 0);
  giveNull(DS, 2);
  giveNull(FS, 4);
  giveNull(GS, 6);
}

/** Whether IRET or a far return with this selector goes there. */
function goesOut(selector: i32): bool {
  return protectedMode() && !virtual8086() && (selector & 3) > cpl();
}

export function returnWithoutNulls(is16: i32): void {
  const looks = (flags() & FLAG_NT) == 0 && protectedMode() && !virtual8086();
  // Where it cannot be read, the fault was delivered.
  if (looks && (!(is16 ? read16(stackAt(0)) : read32(stackAt(0))) || !read16(stackAt(is16 ? 2 : 4)))) return;
  if (!looks || !goesOut(value)) {
    returnFromInterrupt(is16);
    return;
  }
  forgetDelivered();
  clearNulls();
  returnFromInterrupt(is16);
  restoreNulls();
}

export function farReturnWithoutNulls(offset: i32, selector: i32, released: i32, is32: i32): void {
  if (!goesOut(selector)) {
    farReturnWithin(offset, selector, released, is32);
    return;
  }
  forgetDelivered();
  clearNulls();
  farReturnWithin(offset, selector, released, is32);
  restoreNulls();
}
