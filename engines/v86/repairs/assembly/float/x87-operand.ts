/** The operand in memory of an x87 instruction, when JIT code is generated: what its bytes say, and code for its offset. */
import * as emit from './emit';

const EBX: i32 = 3;
const ESP: i32 = 4;
const EBP: i32 = 5;
const ESI: i32 = 6;
const EDI: i32 = 7;
const SS: i32 = 2;
const DS: i32 = 3;
const NONE: i32 = -1;

/** What was read last: general registers or NONE, the second one's shift, what is added. */
let base: i32 = 0;
let index: i32 = 0;
let shift: i32 = 0;
let displacement: i32 = 0;
let isWide: bool = false;
/** The segment where no prefix names one. */
export let defaultSegment: i32 = 0;

/** Reads what follows a ModRM byte. @param wide whether addresses have 32 bits */
export function readOperand(context: usize, modrm: i32, wide: bool): void {
  isWide = wide;
  base = NONE;
  index = NONE;
  shift = 0;
  displacement = 0;
  if (wide) readWide(context, modrm >> 6, modrm & 7);
  else readNarrow(context, modrm >> 6, modrm & 7);
}

function readWide(context: usize, mode: i32, which: i32): void {
  base = which;
  if (which === ESP) {
    const scale = emit.next(context);
    base = scale & 7;
    shift = scale >> 6;
    index = (scale >> 3) & 7;
    if (index === ESP) index = NONE;
  }
  if (base === EBP && mode === 0) base = NONE;
  defaultSegment = base === ESP || base === EBP ? SS : DS;
  if (mode === 1) displacement = signed8(context);
  else if (mode === 2 || base === NONE) displacement = next16(context) | (next16(context) << 16);
}

function readNarrow(context: usize, mode: i32, which: i32): void {
  base = which === 2 || which === 3 || which === 6 ? EBP : which === 4 ? ESI : which === 5 ? EDI : EBX;
  if (which < 4) index = which & 1 ? EDI : ESI;
  if (which === 6 && mode === 0) base = NONE;
  defaultSegment = base === EBP ? SS : DS;
  if (mode === 1) displacement = signed8(context);
  else if (mode === 2 || base === NONE) displacement = next16(context);
}

function signed8(context: usize): i32 {
  return (emit.next(context) << 24) >> 24;
}

function next16(context: usize): i32 {
  const lower = emit.next(context);
  return lower | (emit.next(context) << 8);
}

/** Code that pushes the offset. */
export function emitOffset(context: usize): void {
  const builder = emit.builderOf(context);
  emit.constant(builder, displacement);
  if (base !== NONE) {
    emit.getLocal(builder, emit.localOf(context, base));
    emit.add(builder);
  }
  if (index !== NONE) {
    emit.getLocal(builder, emit.localOf(context, index));
    if (shift !== 0) {
      emit.constant(builder, shift);
      emit.shiftLeft(builder);
    }
    emit.add(builder);
  }
  if (isWide) return;
  emit.constant(builder, 0xffff);
  emit.and(builder);
}
