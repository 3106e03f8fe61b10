/** Instructions that trap: ICEBP, BOUND; and what v86 takes for undefined: PREFETCHW, RDPMC. */
import {
  analyze, analyze0f, fetch8, generalProtection, generate0f, interrupt, read16, read32, resolve, run0f,
  undefinedOpcode, value,
} from './engine';
import { operand32 } from './decode';
import { previousEip, reg, setEip } from './registers';

const DEBUG: i32 = 1;
const BOUND_RANGE: i32 = 5;

/** After the instruction, and whatever the gate's privileges. */
export function debugTrap(): void {
  interrupt(DEBUG, 0, 0, 0);
}

export function runIcebp(opcode: i32): void {
  debugTrap();
}

/** It ends a block as INT3 does. */
export function analyzeIcebp(opcode: i32, cpu: usize, analysis: usize): void {
  analyze((opcode & 0x100) | 0xcc, cpu, analysis);
}

/** The bounds are numbers with a sign, the lower one first. */
function bound(address: i32, register: i32, wide: bool): void {
  const bytes = wide ? 4 : 2;
  if (!(wide ? read32(address) : read16(address))) return;
  const lower = wide ? value : <i32>(<i16>value);
  if (!(wide ? read32(address + bytes) : read16(address + bytes))) return;
  const upper = wide ? value : <i32>(<i16>value);
  const index = wide ? reg(register) : <i32>(<i16>reg(register));
  if (index >= lower && index <= upper) return;
  setEip(previousEip());
  interrupt(BOUND_RANGE, 0, 0, 0);
}

export function runBound(opcode: i32): void {
  if (!fetch8()) return;
  const modrm = value;
  if (modrm >= 0xc0) {
    undefinedOpcode();
    return;
  }
  if (resolve(modrm)) bound(value, (modrm >> 3) & 7, (opcode & 0x100) != 0);
}

/** JIT code has read the prefixes when it was made. */
export function boundOfMemory(address: i32, register: i32): void {
  bound(address, register, operand32());
}

export function boundOfRegister(_target: i32, _register: i32): void {
  undefinedOpcode();
}

/** PREFETCH and PREFETCHW access nothing: as the NOP that has an operand. */
const NOP: i32 = 0x1f;

export function runPrefetch(opcode: i32): void {
  run0f((opcode & 0x100) | NOP);
}

export function analyzePrefetch(opcode: i32, cpu: usize, analysis: usize): void {
  analyze0f((opcode & 0x100) | NOP, cpu, analysis);
}

export function generatePrefetch(opcode: i32, context: usize, flags: usize): void {
  generate0f((opcode & 0x100) | NOP, context, flags);
}

/** This processor has no counters: there is none that ECX could mean; and users may not ask at all. */
export function readCounter(): void {
  generalProtection(0);
}

export function runReadCounter(_opcode: i32): void {
  generalProtection(0);
}
