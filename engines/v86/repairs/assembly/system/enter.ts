/** ENTER: a frame of the stack, with pointers to those around it. */
import { reaches, read16, read32, value, write16, write32 } from './engine';
import { EBP, ESP, reg, segmentBase, setReg, setReg16, SS, stackIs32 } from './registers';

/** Linear address of an offset in the stack's segment: 16 bits in a small stack. */
function linear(offset: i32): i32 {
  return segmentBase(SS) + (stackIs32() ? offset : offset & 0xffff);
}

function push(offset: i32, what: i32, bytes: i32): void {
  if (bytes == 4) write32(linear(offset), what);
  else write16(linear(offset), what);
}

function enter(size: i32, nesting: i32, bytes: i32): void {
  nesting &= 31;
  const ebp = reg(EBP);
  const frame = reg(ESP) - bytes;
  const left = frame - nesting * bytes - size;
  // Nothing has changed where it faults: all is looked at before, in the order in which it is used.
  if (!reaches(linear(frame), bytes, true)) return;
  for (let i = 1; i < nesting; ++i) {
    if (!reaches(linear(ebp - i * bytes), bytes, false)) return;
    if (!reaches(linear(frame - i * bytes), bytes, true)) return;
  }
  if (nesting > 0 && !reaches(linear(frame - nesting * bytes), bytes, true)) return;
  // A processor also looks whether it could write where the stack is left.
  if (!reaches(linear(left), bytes, true)) return;
  push(frame, ebp, bytes);
  for (let i = 1; i < nesting; ++i) {
    if (bytes == 4) read32(linear(ebp - i * bytes));
    else read16(linear(ebp - i * bytes));
    push(frame - i * bytes, value, bytes);
  }
  if (nesting > 0) push(frame - nesting * bytes, frame, bytes);
  if (bytes == 4) setReg(EBP, frame);
  else setReg16(EBP, frame);
  if (stackIs32()) setReg(ESP, left);
  else setReg16(ESP, left);
}

export function enter16(size: i32, nesting: i32): void {
  enter(size, nesting, 2);
}

export function enter32(size: i32, nesting: i32): void {
  enter(size, nesting, 4);
}
