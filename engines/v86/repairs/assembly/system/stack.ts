/** The stack, small ones too: POP SS, and PUSHA and POPA where a small one wraps round. */
import { reaches, read16, read32, value, write16, write32 } from './engine';
import { ESP, reg, segmentBase, setReg, setReg16, SS, stackIs32 } from './registers';

@external('v86', 'cpu::switch_seg') declare function loadSegment(segment: i32, selector: i32): i32;
@external('v86', 'instr16_60$original') declare function pushAll16Original(): void;
@external('v86', 'instr32_60$original') declare function pushAll32Original(): void;
@external('v86', 'instr16_61$original') declare function popAll16Original(): void;
@external('v86', 'instr32_61$original') declare function popAll32Original(): void;

/** A stack's linear address, `above` bytes above its top. */
export function stackAt(above: i32): i32 {
  const offset = reg(ESP) + above;
  return segmentBase(SS) + (stackIs32() ? offset : offset & 0xffff);
}

/** The stack that the selector came from is the one that grows smaller. */
function popStackSegment(bytes: i32): void {
  if (!(bytes == 4 ? read32(stackAt(0)) : read16(stackAt(0)))) return;
  const esp = reg(ESP);
  const popped = stackIs32() ? esp + bytes : (esp & ~0xffff) | ((esp + bytes) & 0xffff);
  if (loadSegment(SS, value & 0xffff)) setReg(ESP, popped);
}

export function popStackSegment16(): void {
  popStackSegment(2);
}

export function popStackSegment32(): void {
  popStackSegment(4);
}

/** Whether eight values from `above` on lie at both ends of a small stack. */
function wraps(above: i32, bytes: i32): bool {
  return !stackIs32() && <u32>((reg(ESP) + above) & 0xffff) > <u32>(0x10000 - 8 * bytes);
}

function pushAll(bytes: i32): void {
  for (let i = 1; i <= 8; ++i) if (!reaches(stackAt(-i * bytes), bytes, true)) return;
  for (let i = 0; i < 8; ++i) {
    const at = stackAt(-(i + 1) * bytes);
    if (bytes == 4) write32(at, reg(i));
    else write16(at, reg(i) & 0xffff);
  }
  setReg16(ESP, reg(ESP) - 8 * bytes);
}

function popAll(bytes: i32): void {
  for (let i = 0; i < 8; ++i) if (!reaches(stackAt(i * bytes), bytes, false)) return;
  for (let register = 7; register >= 0; --register) {
    const at = stackAt((7 - register) * bytes);
    if (bytes == 4) read32(at);
    else read16(at);
    if (register == ESP) continue;
    if (bytes == 4) setReg(register, value);
    else setReg16(register, value);
  }
  setReg16(ESP, reg(ESP) + 8 * bytes);
}

export function pushAll16(): void {
  if (wraps(-16, 2)) pushAll(2);
  else pushAll16Original();
}

export function pushAll32(): void {
  if (wraps(-32, 4)) pushAll(4);
  else pushAll32Original();
}

export function popAll16(): void {
  if (wraps(0, 2)) popAll(2);
  else popAll16Original();
}

export function popAll32(): void {
  if (wraps(0, 4)) popAll(4);
  else popAll32Original();
}
