/** JIT code of x87 instructions: a call of what the interpreter runs, with general registers where that finds them. */
import * as emit from './emit';
import { FAULTED, SCRATCH } from './state';

@external('v86', 'codegen::gen_task_switch_test')
declare function taskSwitchTest(context: usize): void;

/** In an opcode: operands have 32 bits. */
const WIDE: i32 = 0x100;
const PREFIX_66: i32 = 0x20;
const PREFIX_67: i32 = 0x40;

/** In the place of the generator of code for D8 to DF. */
export function x87Jit(opcode: i32, context: usize, flags: usize): void {
  const builder = emit.builderOf(context);
  const prefixes = emit.prefixesOf(context);
  const distance = emit.distance(context);
  const modrm = emit.next(context);
  const isMemory = modrm < 0xc0;
  if (isMemory) skipOperand(context, modrm, ((opcode & WIDE) !== 0) === ((prefixes & PREFIX_66) === 0), prefixes);
  const setsAx = (opcode & 7) === 7 && modrm === 0xe0;
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
  if (setsAx) emit.registersFromMemory(context);
}

/** Reads over what follows a ModRM byte. @param wide whether the segment is one of 32 bits */
function skipOperand(context: usize, modrm: i32, wide: bool, prefixes: i32): void {
  const mode = modrm >> 6;
  const base = modrm & 7;
  let bytes = mode === 1 ? 1 : 0;
  if (wide !== ((prefixes & PREFIX_67) !== 0)) {
    if (mode === 2) bytes = 4;
    if (base === 4) {
      const inner = emit.next(context) & 7;
      if (mode === 0 && inner === 5) bytes = 4;
    } else if (mode === 0 && base === 5) bytes = 4;
  } else if (mode === 2 || (mode === 0 && base === 6)) bytes = 2;
  for (; bytes > 0; bytes--) emit.next(context);
}
