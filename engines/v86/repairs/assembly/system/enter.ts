/** ENTER: a frame of the stack, with pointers to those around it. */
import { mayAccess, read16, read32, value, walk, write16, write32 } from './engine';
import { cpl, EBP, ESP, reg, segmentBase, setReg, setReg16, SS, stackIs32 } from './registers';

/** What an offset in the stack's segment is: 16 bits in a small stack. */
function offset(at: i32): i32 {
  return stackIs32() ? at : at & 0xffff;
}

/** Pushes below `at`; false where it faulted. */
function pushed(at: i32, what: i32, bytes: i32): bool {
  const address = segmentBase(SS) + offset(at - bytes);
  return (bytes == 4 ? write32(address, what) : write16(address, what)) == 0;
}

function enter(size: i32, nesting: i32, bytes: i32): void {
  nesting &= 31;
  const ss = segmentBase(SS);
  const esp = reg(ESP);
  const ebp = reg(EBP);
  const frame = esp - bytes;
  const lowest = frame - nesting * bytes;
  const left = lowest - size;
  // A processor also looks whether it could write where the stack is left, and has changed nothing if not.
  const last = ss + offset(left);
  if (((last ^ (ss + offset(lowest))) & ~0xfff) != 0 && !mayAccess(last, true)) {
    if (reachable(frame, ebp, nesting, bytes)) {
      walk(last, 1, cpl() == 3, 0, 1);
      return;
    }
  }
  if (!pushed(esp, ebp, bytes)) return;
  let at = frame;
  for (let i = 1; i < nesting; ++i) {
    const from = ss + offset(ebp - i * bytes);
    if (!(bytes == 4 ? read32(from) : read16(from))) return;
    if (!pushed(at, value, bytes)) return;
    at -= bytes;
  }
  if (nesting > 0 && !pushed(at, frame, bytes)) return;
  if (bytes == 4) setReg(EBP, frame);
  else setReg16(EBP, frame);
  if (stackIs32()) setReg(ESP, left);
  else setReg16(ESP, left);
}

/** Whether none of the accesses before the last would fault. */
function reachable(frame: i32, ebp: i32, nesting: i32, bytes: i32): bool {
  const ss = segmentBase(SS);
  for (let i = 0; i <= nesting; ++i) if (!reachesAll(ss + offset(frame - i * bytes), bytes, true)) return false;
  for (let i = 1; i < nesting; ++i) if (!reachesAll(ss + offset(ebp - i * bytes), bytes, false)) return false;
  return true;
}

function reachesAll(address: i32, bytes: i32, write: bool): bool {
  return mayAccess(address, write) && mayAccess(address + bytes - 1, write);
}

export function enter16(size: i32, nesting: i32): void {
  enter(size, nesting, 2);
}

export function enter32(size: i32, nesting: i32): void {
  enter(size, nesting, 4);
}
