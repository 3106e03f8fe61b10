/** Instructions of SSE that compute, as the interpreter meets them. JIT code calls what they call. */
import * as arithmetic from './sse-arithmetic';
import * as compare from './sse-compare';
import * as convert from './sse-convert';
import * as root from './sse-root';
import * as sse3 from './sse3';
import * as engine from './engine';
import { CR0, EIP, FROM_MEMORY, GPR, PREFIXES, SOURCE, ST, TRAP, XMM, STATUS, TOP } from './state';
import { formsOf, isMmx, mayBeUnaligned, prefixOf, readsHalf } from './sse-forms';

@external('v86', 'gen::interpreter0f::run$original')
declare function runOriginal(opcode: i32): void;
@external('v86', 'cpu::safe_read128s$original')
declare function readOriginal(result: usize, address: i32): void;
@external('v86', 'cpu::safe_write128$original')
declare function writeOriginal(address: i32, value: usize): i32;

/** Of the x87's status word. */
const SUMMARY: i32 = 0x80;

export function pendingIsDelivered(): bool {
  const NUMERIC_ERROR = 0x20;
  return (load<i32>(CR0) & NUMERIC_ERROR) !== 0;
}

/** Whether operands of 16 bytes in memory must be aligned: only while an instruction of SSE runs that wants it. */
let aligned: bool = false;

/** In the place of the interpreter's dispatch of opcodes after 0F. @param opcode with 100h where operands have 32 bits */
export function run0F(opcode: i32): void {
  const which = opcode & 0xff;
  const prefix = prefixOf(which, load<u8>(PREFIXES));
  if ((load<u8>(STATUS) & SUMMARY) !== 0 && engine.simdRuns() && pendingIsDelivered()) {
    if (which === 0x2a && !engine.peek8()) return;
    if (isMmx(which, prefix, engine.value32 >= 0xc0)) {
      engine.fault(16);
      return;
    }
  }
  // FXSAVE and FXRSTOR (0F AE) write 16 bytes at a time.
  aligned = which !== 0xae && !mayBeUnaligned(which, prefix);
  if (readsHalf(which) && !operandIsAligned()) return;
  if (((formsOf(which) >> prefix) & 1) === 0) runOriginal(opcode);
  else run((prefix << 8) | which);
  // EMMS leaves ST0 in the first register; the engine has a copy of it here.
  if (which === 0x77 && prefix === 0 && engine.simdRuns()) store<u8>(TOP, 0);
  aligned = false;
}

/** In the place of the interpreter's access: #GP where it must be aligned and is not. */
export function safeRead128(result: usize, address: i32): void {
  if (aligned && (address & 15) !== 0) {
    store<i32>(result, 1);
    engine.protectionFault();
  } else readOriginal(result, address);
}

/** Looks at the operand that comes next, and leaves it there. @returns whether it did not fault */
function operandIsAligned(): bool {
  const at = load<i32>(EIP);
  if (!engine.fetch8()) return false;
  const modrm = engine.value32;
  if (modrm < 0xc0) {
    if (!engine.resolve(modrm)) return false;
    if ((engine.value32 & 15) !== 0) {
      engine.protectionFault();
      return false;
    }
  }
  store<i32>(EIP, at);
  return true;
}

/** @returns whether it faulted */
export function safeWrite128(address: i32, value: usize): i32 {
  if (!aligned || (address & 15) === 0) return writeOriginal(address, value);
  engine.protectionFault();
  return 1;
}

/** The source of the instruction under way: one of these, by its size. */
let word: i32 = 0;
let long: u64 = 0;

/** Bytes of the source: 4, 8, 16; 1 and 2 mean 4 and 8 of a general register and of an MMX register. */
function sourceSize(form: i32): i32 {
  switch (form) {
    case 0x22a:
    case 0x32a:
      return 1;
    case 0x02a:
    case 0x12a:
      return 2;
    case 0x02c:
    case 0x02d:
    case 0x12e:
    case 0x12f:
    case 0x05a:
    case 0x3e6:
      return 8;
    case 0x02e:
    case 0x02f:
      return 4;
    case 0x35b:
    case 0x27c:
    case 0x27d:
    case 0x2d0:
    case 0x2e6:
    case 0x2f0:
      return 16;
    default:
      return form < 0x200 ? 16 : form < 0x300 ? 8 : 4;
  }
}

let immediate: i32 = 0;

/** Reads what follows the ModRM byte, and the operand. */
function readSource(size: i32, modrm: i32, hasImmediate: bool): bool {
  let address = 0;
  if (modrm < 0xc0) {
    if (!engine.resolve(modrm)) return false;
    address = engine.value32;
  }
  if (hasImmediate) {
    if (!engine.fetch8()) return false;
    immediate = engine.value32;
  }
  if (modrm < 0xc0) return readMemory(size, address);
  const r = modrm & 7;
  const at: usize = size === 1 ? GPR + (r << 2) : (size === 2 ? ST : XMM) + (r << 4);
  word = load<i32>(at);
  if (size === 1) return true;
  long = load<u64>(at);
  store<u64>(SOURCE, long);
  store<u64>(SOURCE + 8, load<u64>(at + 8));
  return true;
}

function readMemory(size: i32, address: i32): bool {
  if (size === 16) return engine.read128(address, SOURCE);
  if (size === 1 || size === 4) {
    if (!engine.read32(address)) return false;
    word = engine.value32;
    return true;
  }
  if (!engine.read64(address)) return false;
  long = engine.value64;
  return true;
}

/** @param form prefix and opcode */
function run(form: i32): void {
  if (!engine.fetch8()) return;
  const modrm = engine.value32;
  if (!engine.simdAllowed()) return;
  if (form === 0x2f0 && modrm >= 0xc0) {
    engine.undefinedOpcode();
    return;
  }
  if (!readSource(sourceSize(form), modrm, (form & 0xff) === 0xc2)) return;
  store<u8>(TRAP, 0);
  const register = (modrm >> 3) & 7;
  if (form < 0x200) runPacked(form, register, modrm);
  else runPrefixed(form, register);
  if (load<u8>(TRAP) === 0) return;
  store<u8>(TRAP, 0);
  engine.simdFault();
}

/** Forms without a prefix and with 66. */
function runPacked(form: i32, r: i32, modrm: i32): void {
  switch (form) {
    case 0x02a:
      store<i32>(FROM_MEMORY, modrm < 0xc0 ? 1 : 0);
      convert.sse_0F2A(long, r);
      break;
    case 0x12a:
      convert.sse_660F2A(long, r, modrm >= 0xc0);
      break;
    case 0x02c:
      convert.toMmx32(long, r, true);
      break;
    case 0x02d:
      convert.toMmx32(long, r, false);
      break;
    case 0x12c:
      convert.toMmx64(SOURCE, r, true);
      break;
    case 0x12d:
      convert.toMmx64(SOURCE, r, false);
      break;
    case 0x02e:
      compare.sse_0F2E(reinterpret<f32>(word), r);
      break;
    case 0x12e:
      compare.sse_660F2E(long, r);
      break;
    case 0x02f:
      compare.sse_0F2F(reinterpret<f32>(word), r);
      break;
    case 0x12f:
      compare.sse_660F2F(long, r);
      break;
    case 0x051:
      root.sse_0F51(SOURCE, r);
      break;
    case 0x151:
      root.sse_660F51(SOURCE, r);
      break;
    case 0x052:
      root.sse_0F52(SOURCE, r);
      break;
    case 0x053:
      root.sse_0F53(SOURCE, r);
      break;
    case 0x058:
      arithmetic.sse_0F58(SOURCE, r);
      break;
    case 0x158:
      arithmetic.sse_660F58(SOURCE, r);
      break;
    case 0x059:
      arithmetic.sse_0F59(SOURCE, r);
      break;
    case 0x159:
      arithmetic.sse_660F59(SOURCE, r);
      break;
    case 0x05c:
      arithmetic.sse_0F5C(SOURCE, r);
      break;
    case 0x15c:
      arithmetic.sse_660F5C(SOURCE, r);
      break;
    case 0x05d:
      arithmetic.sse_0F5D(SOURCE, r);
      break;
    case 0x15d:
      arithmetic.sse_660F5D(SOURCE, r);
      break;
    case 0x05e:
      arithmetic.sse_0F5E(SOURCE, r);
      break;
    case 0x15e:
      arithmetic.sse_660F5E(SOURCE, r);
      break;
    case 0x05f:
      arithmetic.sse_0F5F(SOURCE, r);
      break;
    case 0x15f:
      arithmetic.sse_660F5F(SOURCE, r);
      break;
    case 0x05a:
      convert.sse_0F5A(long, r);
      break;
    case 0x15a:
      convert.sse_660F5A(SOURCE, r);
      break;
    case 0x05b:
      convert.sse_0F5B(SOURCE, r);
      break;
    case 0x15b:
      convert.sse_660F5B(SOURCE, r);
      break;
    case 0x17c:
      sse3.sse_660F7C(SOURCE, r);
      break;
    case 0x17d:
      sse3.sse_660F7D(SOURCE, r);
      break;
    case 0x1d0:
      sse3.sse_660FD0(SOURCE, r);
      break;
    case 0x0c2:
      compare.sse_0FC2(SOURCE, r, immediate);
      break;
    case 0x1c2:
      compare.sse_660FC2(SOURCE, r, immediate);
      break;
    case 0x1e6:
      convert.sse_660FE6(SOURCE, r);
      break;
  }
}

/** Forms with F2 and F3. */
function runPrefixed(form: i32, r: i32): void {
  switch (form) {
    case 0x22a:
      convert.sse_F20F2A(word, r);
      break;
    case 0x32a:
      convert.sse_F30F2A(word, r);
      break;
    case 0x22c:
      writeGeneral(r, convert.whole_with_truncation_f64_to_i32(reinterpret<f64>(long)));
      break;
    case 0x22d:
      writeGeneral(r, convert.whole_f64_to_i32(reinterpret<f64>(long)));
      break;
    case 0x32c:
      writeGeneral(r, convert.whole_with_truncation_f32_to_i32(reinterpret<f32>(word)));
      break;
    case 0x32d:
      writeGeneral(r, convert.whole_f32_to_i32(reinterpret<f32>(word)));
      break;
    case 0x251:
      root.sse_F20F51(long, r);
      break;
    case 0x351:
      root.sse_F30F51(reinterpret<f32>(word), r);
      break;
    case 0x352:
      root.sse_F30F52(reinterpret<f32>(word), r);
      break;
    case 0x353:
      root.sse_F30F53(reinterpret<f32>(word), r);
      break;
    case 0x258:
      arithmetic.sse_F20F58(long, r);
      break;
    case 0x358:
      arithmetic.sse_F30F58(reinterpret<f32>(word), r);
      break;
    case 0x259:
      arithmetic.sse_F20F59(long, r);
      break;
    case 0x359:
      arithmetic.sse_F30F59(reinterpret<f32>(word), r);
      break;
    case 0x25c:
      arithmetic.sse_F20F5C(long, r);
      break;
    case 0x35c:
      arithmetic.sse_F30F5C(reinterpret<f32>(word), r);
      break;
    case 0x25d:
      arithmetic.sse_F20F5D(long, r);
      break;
    case 0x35d:
      arithmetic.sse_F30F5D(reinterpret<f32>(word), r);
      break;
    case 0x25e:
      arithmetic.sse_F20F5E(long, r);
      break;
    case 0x35e:
      arithmetic.sse_F30F5E(reinterpret<f32>(word), r);
      break;
    case 0x25f:
      arithmetic.sse_F20F5F(long, r);
      break;
    case 0x35f:
      arithmetic.sse_F30F5F(reinterpret<f32>(word), r);
      break;
    case 0x25a:
      convert.sse_F20F5A(long, r);
      break;
    case 0x35a:
      convert.sse_F30F5A(reinterpret<f32>(word), r);
      break;
    case 0x35b:
      convert.sse_F30F5B(SOURCE, r);
      break;
    case 0x27c:
      sse3.sse_F20F7C(SOURCE, r);
      break;
    case 0x27d:
      sse3.sse_F20F7D(SOURCE, r);
      break;
    case 0x2d0:
      sse3.sse_F20FD0(SOURCE, r);
      break;
    case 0x2c2:
      compare.sse_F20FC2(long, r, immediate);
      break;
    case 0x3c2:
      compare.sse_F30FC2(word, r, immediate);
      break;
    case 0x2e6:
      convert.sse_F20FE6(SOURCE, r);
      break;
    case 0x3e6:
      convert.sse_F30FE6(long, r);
      break;
    case 0x2f0:
      sse3.sse_F20FF0(SOURCE, r);
      break;
  }
}

function writeGeneral(register: i32, value: i32): void {
  if (load<u8>(TRAP) === 0) store<i32>(GPR + (register << 2), value);
}

/**
 * An instruction that the engine takes for undefined, from JIT code, which ends there: EIP is behind its opcode, and its
 * prefixes are read again.
 */
export function runUndefined0F(): void {
  if (!engine.fetchPrefixes()) return;
  const opcode = engine.value32;
  run0F(opcode);
  store<u8>(PREFIXES, 0);
}

