/**
 * JIT code of x87 instructions: a call of their quick way (x87-quick.ts), where they have one, with the operand's offset; and
 * where that did nothing a call of what the interpreter runs, with general registers where that finds them.
 */
import * as emit from './emit';
import { defaultSegment, emitOffset, readOperand } from './x87-operand';
import { OPCODE_AT, SEGMENT_AT } from './x87-quick';
import { callQuickWay, hasQuickWay } from './x87-names';
import { FAULTED, SCRATCH } from './state';

@external('v86', 'codegen::gen_task_switch_test')
declare function taskSwitchTest(context: usize): void;

/** In an opcode: operands have 32 bits. */
const WIDE: i32 = 0x100;
const PREFIX_66: i32 = 0x20;
const PREFIX_67: i32 = 0x40;
/** Of prefixes: the segment, one more than its number. */
const SEGMENT: i32 = 7;
const SEGMENTS: i32 = 6;

const EAX: i32 = 0;

/** In the place of the generator of code for D8 to DF. */
export function x87Jit(opcode: i32, context: usize, flags: usize): void {
  const builder = emit.builderOf(context);
  const prefixes = emit.prefixesOf(context);
  const distance = emit.distance(context);
  const modrm = emit.next(context);
  const escape = opcode & 7;
  const setsAx = escape === 7 && modrm === 0xe0;
  const isMemory = modrm < 0xc0;
  let segment = 0;
  if (isMemory) {
    const wide = ((opcode & WIDE) !== 0) === ((prefixes & PREFIX_66) === 0);
    readOperand(context, modrm, wide !== ((prefixes & PREFIX_67) !== 0));
    segment = (prefixes & SEGMENT) - 1;
    if (segment < 0) segment = defaultSegment;
  }
  const quick = segment < SEGMENTS && hasQuickWay(escape, modrm);
  if (quick) {
    if (isMemory) emitOffset(context);
    const place = emit.placeOf(context) & 0xfff;
    emit.constant(builder, place | (segment << SEGMENT_AT) | (escape << (OPCODE_AT + 8)) | (modrm << OPCODE_AT));
    callQuickWay(builder, escape, modrm);
    emit.isZero(builder);
    emit.startIf(builder);
  }
  taskSwitchTest(context);
  if (isMemory || setsAx) emit.registersToMemory(context);
  emit.constant(builder, emit.placeOf(context));
  emit.constant(builder, (opcode & (WIDE | 0xff)) | (prefixes << 12) | (distance << 20));
  // "fpu_fadd", which nothing else calls any more
  store<u64>(SCRATCH, 0x646461665f757066);
  emit.call(builder, SCRATCH, 8, emit.TYPE_TWO_I32);
  emit.loadByte(builder, FAULTED);
  emit.startIf(builder);
  emit.leave(context);
  emit.endIf(builder);
  if (setsAx) {
    emit.registersFromMemory(context);
    emit.otherwise(builder);
    storeStatus(context);
  }
  if (quick) emit.endIf(builder);
}

/** FNSTSW AX. What is observed sees its call. */
function storeStatus(context: usize): void {
  const builder = emit.builderOf(context);
  emit.getLocal(builder, emit.localOf(context, EAX));
  emit.constant(builder, ~0xffff);
  emit.and(builder);
  // "fpu_load_status_word"
  store<u64>(SCRATCH, 0x64616f6c5f757066);
  store<u64>(SCRATCH + 8, 0x5f7375746174735f);
  store<u32>(SCRATCH + 16, 0x64726f77);
  emit.call(builder, SCRATCH, 20, emit.TYPE_RETURNS_I32);
  emit.constant(builder, 0xffff);
  emit.and(builder);
  emit.or(builder);
  emit.setLocal(builder, emit.localOf(context, EAX));
}
