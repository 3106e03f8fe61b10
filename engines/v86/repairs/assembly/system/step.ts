/** Single steps: with EFLAGS.TF set, #DB follows each instruction (SDM vol. 3B, 18.3.1.4). */
import { call, endIf, and, builderOf, constant, distance, leaveQuietly, loadWord, startIf, startOf, TYPE_NOTHING }
  from '../float/emit';
import { FLAGS, SCRATCH } from '../float/state';
import { DR6 } from './debug';
import { codeByte } from './decode';
import { generate, run, TAKEN } from './engine';
import { delivered } from './gates';
import { eip, flags, FLAG_TRAP, SS } from './registers';
import { debugTrap } from './traps';

const DR6_BS: u32 = 1 << 14;
const HALTED: usize = 616;
/** The engine's interpreter looks for compiled code again. */
const BLOCK_BOUNDARY: usize = 37376;
const STATE_FLAGS: usize = 108;
/** A bit of the engine's state that no compiled code has. */
const STEPPING: i32 = 0x20;

/** In which state of the engine code must be compiled to run now: none while each instruction is followed by a trap. */
export function stateForCode(): i32 {
  return load<u8>(STATE_FLAGS) | ((flags() & FLAG_TRAP) >>> 3);
}

/** Compiles what is run often, but not for a state in which no compiled code runs. */
export function generateCode(jit: i32, address: i32, physical: i32, codeBase: i32, state: i32): void {
  if ((state & STEPPING) == 0) generateOriginal(jit, address, physical, codeBase, state);
}
@external('v86', 'jit::jit_analyze_and_generate')
declare function generateOriginal(jit: i32, address: i32, physical: i32, codeBase: i32, state: i32): void;

/** Runs an instruction, as the engine's main loop does. */
export function runInstruction(opcode: i32): void {
  if ((flags() & FLAG_TRAP) == 0) run(opcode);
  else step(opcode);
}

function step(opcode: i32): void {
  const before = delivered;
  const start = eip() - 1;
  const held = loadsStack(opcode);
  run(opcode);
  store<u8>(BLOCK_BOUNDARY, 1);
  // What a fault, INT n, or a string instruction that has more to do are followed by comes later.
  if (held || delivered != before || eip() == start) return;
  store<u8>(HALTED, 0);
  store<u32>(DR6, load<u32>(DR6) | DR6_BS);
  debugTrap();
}

/** MOV SS and POP SS hold the trap off until after the next instruction. */
function loadsStack(opcode: i32): bool {
  const POP_SS = 0x17, MOV_SEGMENT = 0x8e;
  const byte = opcode & 0xff;
  if (byte != MOV_SEGMENT) return byte == POP_SS;
  return ((codeByte(eip(), false) >> 3) & 7) == SS;
}

/** POPF in compiled code: what follows it there must not run once it set TF. */
export function generatePopf(opcode: i32, context: usize, results: usize): void {
  generate(opcode | TAKEN, context, results);
  const builder = builderOf(context);
  loadWord(builder, FLAGS);
  constant(builder, FLAG_TRAP);
  and(builder);
  startIf(builder);
  setEipLow(builder, (startOf(context) + distance(context)) & 0xfff);
  // "leave_to_step"
  store<u64>(SCRATCH, 0x6f745f657661656c);
  store<u64>(SCRATCH + 8, 0x706574735f);
  call(builder, SCRATCH, 13, TYPE_NOTHING);
  leaveQuietly(context);
  endIf(builder);
}
@external('v86', 'codegen::gen_set_eip_low_bits') declare function setEipLow(builder: usize, low: i32): void;

/** Called by compiled code that is left so, for those who count its instructions. */
export function leaveToStep(): void {}
