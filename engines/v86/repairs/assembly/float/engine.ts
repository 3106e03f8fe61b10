/** What floating point asks of the engine: guest memory, decoding, exceptions. */
import { CR0, CR4, EIP, IS_32, PREFIXES, PREVIOUS_EIP, SCRATCH } from './state';

@external('v86', 'cpu::read_imm8')
declare function readImm8(result: usize): void;
@external('v86', 'cpu::modrm_resolve')
declare function modrmResolve(result: usize, modrm: i32): void;
@external('v86', 'cpu::safe_read16')
declare function safeRead16(result: usize, address: i32): void;
@external('v86', 'cpu::safe_read32s')
declare function safeRead32(result: usize, address: i32): void;
@external('v86', 'cpu::safe_read128s')
declare function safeRead128(result: usize, address: i32): void;
@external('v86', 'cpu::trigger_ud')
declare function triggerUd(): void;
@external('v86', 'cpu::trigger_nm')
declare function triggerNm(): void;
@external('v86', 'cpu::trigger_gp')
declare function triggerGp(error: i32): void;
@external('v86', 'cpu::call_interrupt_vector')
declare function callInterruptVector(vector: i32, software: i32, hasError: i32, error: i32): void;

export function undefinedOpcode(): void {
  triggerUd();
}

export function protectionFault(): void {
  triggerGp(0);
}

/** A fault without an error code, at the instruction that is under way. */
export function fault(vector: i32): void {
  store<i32>(EIP, load<i32>(PREVIOUS_EIP));
  callInterruptVector(vector, 0, 0, 0);
}

/** SIMD floating point: #XM, or #UD where the system does not know of it. */
export function simdFault(): void {
  fault((load<i32>(CR4) & 0x400) !== 0 ? 19 : 6);
}

/** Whether an instruction of MMX or SSE may run; else it faults. */
export function simdRuns(): bool {
  return (load<i32>(CR0) & 12) === 0;
}

/** Whether an instruction of MMX or SSE may run; else it has faulted. */
export function simdAllowed(): bool {
  const cr0 = load<i32>(CR0);
  if ((cr0 & 12) === 0) return true;
  if (cr0 & 4) triggerUd();
  else triggerNm();
  return false;
}

/** Whether an instruction of the x87 may run; else it has faulted. */
export function x87Allowed(): bool {
  if ((load<i32>(CR0) & 12) === 0) return true;
  triggerNm();
  return false;
}

/** What the functions below read. They return whether they could; else a fault was delivered. */
export let value32: i32 = 0;
export let value64: u64 = 0;

export function fetch8(): bool {
  readImm8(SCRATCH);
  value32 = load<i32>(SCRATCH + 4);
  return (load<i32>(SCRATCH) & 1) === 0;
}

/** Reads the next byte of the instruction, which stays the next. */
export function peek8(): bool {
  if (!fetch8()) return false;
  store<i32>(EIP, load<i32>(EIP) - 1);
  return true;
}

/** The linear address of an operand. */
export function resolve(modrm: i32): bool {
  modrmResolve(SCRATCH, modrm);
  value32 = load<i32>(SCRATCH + 4);
  return (load<i32>(SCRATCH) & 1) === 0;
}

/** Sign-extended. */
export function read16(address: i32): bool {
  safeRead16(SCRATCH, address);
  value32 = <i32>load<i16>(SCRATCH + 4);
  return (load<i32>(SCRATCH) & 1) === 0;
}

export function read32(address: i32): bool {
  safeRead32(SCRATCH, address);
  value32 = load<i32>(SCRATCH + 4);
  return (load<i32>(SCRATCH) & 1) === 0;
}

/** Both halves, the lower first: a border of pages faults where a processor's access does. */
export function read64(address: i32): bool {
  if (!read32(address)) return false;
  const lower = <u64>(<u32>value32);
  if (!read32(address + 4)) return false;
  value64 = (<u64>(<u32>value32) << 32) | lower;
  return true;
}

/** Puts 16 bytes where `at` is. */
export function read128(address: i32, at: usize): bool {
  safeRead128(SCRATCH, address);
  store<u64>(at, load<u64>(SCRATCH + 16));
  store<u64>(at + 8, load<u64>(SCRATCH + 24));
  return (load<i32>(SCRATCH) & 1) === 0;
}

/** Of PREFIXES: the segment, one more than its number. */
const SEGMENTS: i32 = 7;

/**
 * Reads the prefixes of the instruction under way again, from its first byte, and the 0F and the opcode behind them,
 * which is then in `value32`.
 */
export function fetchPrefixes(): bool {
  store<i32>(EIP, load<i32>(PREVIOUS_EIP));
  let prefixes = 0;
  for (;;) {
    if (!fetch8()) return false;
    const byte = value32;
    if (byte === 0x66) prefixes |= 0x20;
    else if (byte === 0x67) prefixes |= 0x40;
    else if (byte === 0xf2) prefixes |= 0x10;
    else if (byte === 0xf3) prefixes |= 8;
    else if ((byte & 0xe7) === 0x26) prefixes = (prefixes & ~SEGMENTS) | (((byte >> 3) & 3) + 1);
    else if (byte === 0x64 || byte === 0x65) prefixes = (prefixes & ~SEGMENTS) | (byte - 0x5f);
    else if (byte !== 0xf0) break;
  }
  store<u8>(PREFIXES, prefixes);
  return fetch8();
}

/** Whether the instruction under way has addresses of 32 bits. */
export function wideAddresses(): bool {
  return (load<u8>(IS_32) !== 0) !== ((load<u8>(PREFIXES) & 0x40) !== 0);
}

/** FWAIT faults otherwise while the x87's state is another task's. */
export function waitAllowed(): bool {
  const MONITOR_AND_SWITCHED = 0xa;
  return (load<i32>(CR0) & MONITOR_AND_SWITCHED) !== MONITOR_AND_SWITCHED;
}
