/** SSE in JIT code: exceptions that are not masked end it, and so do operands of 16 bytes that are not aligned. */
import * as emit from './emit';
import { formsOf, isMmx, mayBeUnaligned, prefixNumber, readsHalf } from './sse-forms';
import { pendingIsDelivered } from './sse-interpreter';
import * as engine from './engine';
import { CR4, EIP, FAULTED, FROM_MEMORY, STATUS, TRAP } from './state';

@external('v86', 'gen::jit0f::jit$original')
declare function jitOriginal(opcode: i32, context: usize, flags: usize): void;
@external('v86', 'codegen::gen_safe_read$original')
declare function safeReadOriginal(context: usize, size: i32, address: i32, hasTarget: i32, target: i32): void;
@external('v86', 'codegen::gen_safe_write$original')
declare function safeWriteOriginal(context: usize, size: i32, address: i32, value: i32): void;
@external('v86', 'codegen::gen_trigger_gp')
declare function triggerGp(context: usize): void;

/** Where the engine notes how JIT code ended: an exception's number, whether it has an error code. */
const EXIT_VECTOR: usize = 37372;
const EXIT_HAS_ERROR: usize = 35472;
/** Where a general register is kept while an instruction may yet fault. */
const SAVED: usize = 2148;

/** In the place of the generator of code for opcodes after 0F. */
export function jit0F(opcode: i32, context: usize, flags: usize): void {
  const which = opcode & 0xff;
  const forms = formsOf(which);
  if (isMmx(which, prefixNumber(emit.prefixesOf(context)), emit.peek(context) >= 0xc0)) waitForX87(context);
  if (forms === 0 || which === 0xd0 || which === 0xf0 || which === 0x52 || which === 0x53) {
    jitOriginal(opcode, context, flags);
    return;
  }
  const prefix = prefixNumber(emit.prefixesOf(context));
  const general = (which === 0x2c || which === 0x2d) && prefix >= 2;
  const builder = emit.builderOf(context);
  let local = 0;
  if (general) {
    local = emit.localOf(context, (emit.peek(context) >> 3) & 7);
    emit.constant(builder, 0);
    emit.getLocal(builder, local);
    emit.storeWord(builder, SAVED);
  }
  if (which === 0x2a) {
    emit.constant(builder, 0);
    emit.constant(builder, emit.peek(context) < 0xc0 ? 1 : 0);
    emit.storeWord(builder, FROM_MEMORY);
  }
  jitOriginal(opcode, context, flags);
  if (((forms >> prefix) & 1) === 0) return;
  emit.loadByte(builder, TRAP);
  emit.startIf(builder);
  if (general) {
    emit.loadWord(builder, SAVED);
    emit.setLocal(builder, local);
  }
  emit.callTrap(context);
  emit.leave(context);
  emit.endIf(builder);
}

/** Leaves JIT code where an exception of the x87 waits. */
function waitForX87(context: usize): void {
  const builder = emit.builderOf(context);
  const SUMMARY = 0x80;
  emit.loadByte(builder, STATUS);
  emit.constant(builder, SUMMARY);
  emit.and(builder);
  emit.startIf(builder);
  emit.constant(builder, emit.placeOf(context) & 0xfff);
  // "fpu_fucompp", which nothing else calls any more
  emit.callNamed(builder, 0x6f6375665f757066, 0x70706d, 11);
  emit.loadByte(builder, FAULTED);
  emit.startIf(builder);
  emit.leave(context);
  emit.endIf(builder);
  emit.endIf(builder);
}

/** Whether the exception that waits is delivered before the instruction at this offset in its page. */
export function pendingJit(offset: i32): void {
  const deliver = engine.simdRuns() && pendingIsDelivered();
  store<u8>(FAULTED, deliver ? 1 : 0);
  if (!deliver) return;
  store<i32>(EIP, (load<i32>(EIP) & ~0xfff) | offset);
  store<i32>(EXIT_VECTOR, 16);
  store<i32>(EXIT_HAS_ERROR, 0);
}

/** In the place of "trigger_nm_jit": JIT code is about to end with an exception of SSE. */
export function trapJit(offset: i32): void {
  store<u8>(TRAP, 0);
  store<i32>(EIP, (load<i32>(EIP) & ~0xfff) | offset);
  store<i32>(EXIT_VECTOR, (load<i32>(CR4) & 0x400) !== 0 ? 19 : 6);
  store<i32>(EXIT_HAS_ERROR, 0);
}

/** The sizes of accesses of 8 and 16 bytes, in the generator's terms. */
const BITS_64: i32 = 3;
const BITS_128: i32 = 4;

export function jitSafeRead(context: usize, size: i32, address: i32, hasTarget: i32, target: i32): void {
  if (size === BITS_64 || size === BITS_128) checkAlignment(context, size, address);
  safeReadOriginal(context, size, address, hasTarget, target);
}

export function jitSafeWrite(context: usize, size: i32, address: i32, value: i32): void {
  if (size === BITS_128) checkAlignment(context, size, address);
  safeWriteOriginal(context, size, address, value);
}

function checkAlignment(context: usize, size: i32, address: i32): void {
  let at = emit.startOf(context);
  let prefixes = 0;
  for (;;) {
    const byte = emit.codeAt(at++);
    if (byte === 0x66) prefixes |= 0x20;
    else if (byte === 0xf2) prefixes |= 0x10;
    else if (byte === 0xf3) prefixes |= 8;
    else if (byte === 0x0f) break;
  }
  const opcode = emit.codeAt(at);
  if (size === BITS_128 ? mayBeUnaligned(opcode, prefixNumber(prefixes)) : !readsHalf(opcode)) return;
  const builder = emit.builderOf(context);
  emit.getLocal(builder, address);
  emit.constant(builder, 15);
  emit.and(builder);
  emit.startIf(builder);
  triggerGp(context);
  emit.endIf(builder);
}
