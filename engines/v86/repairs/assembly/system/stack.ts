/** The stack, small ones too: POP SS, and PUSHA and POPA where a small one wraps round. */
import { fetch8, reaches, read8, read16, read32, resolve, run, value, write16, write32 } from './engine';
import { addressIs32, eip, ESP, reg, segmentBase, setEip, setReg, setReg16, SS, stackIs32 } from './registers';

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
  const top = popped(bytes);
  if (loadSegment(SS, value & 0xffff)) setReg(ESP, top);
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

/** ESP after something was popped. */
function popped(bytes: i32): i32 {
  return stackIs32() ? reg(ESP) + bytes : (reg(ESP) & ~0xffff) | ((reg(ESP) + bytes) & 0xffff);
}

/** An address by ESP is one by what ESP will be: that is added here, as nothing may have changed where the operand faults. */
function popMemory(modrm: i32, bytes: i32): void {
  const sib = eip();
  if (!resolve(modrm)) return;
  let address = value;
  const byEsp = addressIs32() && (modrm & 7) === ESP && read8(sib) && (value & 7) === ESP;
  if (byEsp) address += bytes;
  const top = popped(bytes);
  if (bytes == 4) {
    if (!read32(stackAt(0)) || write32(address, value) != 0) return;
  } else if (!read16(stackAt(0)) || write16(address, value) != 0) return;
  setReg(ESP, top);
}

/** POP of a register, and what is undefined, are v86's own. */
export function runPop(opcode: i32): void {
  const TAKEN = 0x200;
  if (!fetch8()) return;
  const modrm = value;
  if (modrm < 0xc0 && (modrm & 0x38) === 0) {
    popMemory(modrm, (opcode & 0x100) !== 0 ? 4 : 2);
    return;
  }
  setEip(eip() - 1);
  run(opcode | TAKEN);
}
