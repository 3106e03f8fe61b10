/** Functions of v86 that repairs of the system call, and memory as programs and the processor itself see it. */
import { cpl, previousEip, setEip } from './registers';

// @ts-ignore: decorator
@external('v86', 'cpu::trigger_ud') export declare function undefinedOpcode(): void;
// @ts-ignore: decorator
@external('v86', 'cpu::trigger_gp') export declare function generalProtection(code: i32): void;
/** (vector, whether INT n, whether with an error code, error code) */
// @ts-ignore: decorator
@external('v86', 'cpu::call_interrupt_vector')
export declare function interrupt(vector: i32, software: i32, hasError: i32, error: i32): void;
/** What is known of a page; 0 where it faulted: with `effects`, the page fault is delivered. */
// @ts-ignore: decorator
@external('v86', 'cpu::do_page_walk')
export declare function walk(address: i32, write: i32, user: i32, jit: i32, effects: i32): i32;
/** These return 0 where all went well; else the fault was delivered. */
// @ts-ignore: decorator
@external('v86', 'cpu::safe_write16') export declare function write16(address: i32, value: i32): i32;
// @ts-ignore: decorator
@external('v86', 'cpu::safe_write32') export declare function write32(address: i32, value: i32): i32;
@external('v86', 'cpu::safe_read8') declare function safeRead8(result: usize, address: i32): void;
@external('v86', 'cpu::safe_read16') declare function safeRead16(result: usize, address: i32): void;
@external('v86', 'cpu::safe_read32s') declare function safeRead32(result: usize, address: i32): void;

@external('v86', 'cpu::read_imm8') declare function readImm8(result: usize): void;
@external('v86', 'cpu::modrm_resolve') declare function modrmResolve(result: usize, modrm: i32): void;

/** Added to an opcode, v86's own implementation of one that a repair took: see ../../dispatch.ts. */
export const TAKEN: i32 = 0x200;
/** UD2 after 0F: a block ends with what faults. */
export const UNDEFINED: i32 = 0x0b;

/** v86's interpreter, its analysis of blocks and its generator of code, by opcode; those after 0F. */
// @ts-ignore: decorator
@external('v86', 'gen::interpreter::run') export declare function run(opcode: i32): void;
// @ts-ignore: decorator
@external('v86', 'gen::interpreter0f::run') export declare function run0f(opcode: i32): void;
// @ts-ignore: decorator
@external('v86', 'gen::analyzer::analyzer')
export declare function analyze(opcode: i32, cpu: usize, analysis: usize): void;
// @ts-ignore: decorator
@external('v86', 'gen::analyzer0f::analyzer')
export declare function analyze0f(opcode: i32, cpu: usize, analysis: usize): void;
// @ts-ignore: decorator
@external('v86', 'gen::jit::jit') export declare function generate(opcode: i32, context: usize, flags: usize): void;
// @ts-ignore: decorator
@external('v86', 'gen::jit0f::jit')
export declare function generate0f(opcode: i32, context: usize, flags: usize): void;
/** They generate what raises the exception, and leaves JIT code. */
// @ts-ignore: decorator
@external('v86', 'codegen::gen_trigger_ud') export declare function generateUndefined(context: usize): void;
// @ts-ignore: decorator
@external('v86', 'codegen::gen_trigger_gp') export declare function generateGeneralProtection(context: usize): void;

/** Results of the engine's functions: memory that it does not use itself. */
const SCRATCH: usize = 2176;

/** What was read last. */
export let value: i32 = 0;

/** They return whether they could; else the fault was delivered. */
export function read8(address: i32): bool {
  safeRead8(SCRATCH, address);
  value = load<u8>(SCRATCH + 4);
  return (load<u8>(SCRATCH) & 1) == 0;
}
export function read16(address: i32): bool {
  safeRead16(SCRATCH, address);
  value = load<u16>(SCRATCH + 4);
  return (load<u8>(SCRATCH) & 1) == 0;
}
export function read32(address: i32): bool {
  safeRead32(SCRATCH, address);
  value = load<i32>(SCRATCH + 4);
  return (load<u8>(SCRATCH) & 1) == 0;
}

/** The next byte of the instruction. */
export function fetch8(): bool {
  readImm8(SCRATCH);
  value = load<i32>(SCRATCH + 4);
  return (load<u8>(SCRATCH) & 1) == 0;
}

/** The linear address of an operand, from its ModRM byte on. */
export function resolve(modrm: i32): bool {
  modrmResolve(SCRATCH, modrm);
  value = load<i32>(SCRATCH + 4);
  return (load<u8>(SCRATCH) & 1) == 0;
}

function reachesByte(address: i32, write: bool): bool {
  const user = cpl() == 3;
  if (walk(address, write, user, 0, 0) != 0) return true;
  walk(address, write, user, 0, 1);
  return false;
}

/** Whether some bytes, less than a page, may be accessed; else the fault was delivered, and nothing else was done. */
export function reaches(address: i32, bytes: i32, write: bool): bool {
  if (!reachesByte(address, write)) return false;
  const last = address + bytes - 1;
  return ((address ^ last) & ~0xfff) == 0 || reachesByte(last & ~0xfff, write);
}

/** A fault with an error code, at the instruction under way. */
export function fault(vector: i32, error: i32): void {
  setEip(previousEip());
  interrupt(vector, 0, 1, error);
}

/** Where the engine has a byte of RAM that the processor itself reads; 0 where it faulted. */
function systemByte(address: i32): usize {
  const page = walk(address, 0, 0, 0, 1);
  return page == 0 ? 0 : <usize>((page & ~0xfff) ^ address);
}

/** As the processor reads its tables, whoever runs: little of RAM, never of a device. */
export function readSystem16(address: i32): bool {
  const low = systemByte(address);
  if (low == 0) return false;
  const high = (address & 0xfff) == 0xfff ? systemByte(address + 1) : low + 1;
  if (high == 0) return false;
  value = load<u8>(low) | (load<u8>(high) << 8);
  return true;
}

export function readSystem32(address: i32): bool {
  if (!readSystem16(address)) return false;
  const low = value;
  if (!readSystem16(address + 2)) return false;
  value = low | (value << 16);
  return true;
}
