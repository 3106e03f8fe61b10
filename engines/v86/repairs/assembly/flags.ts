/** Flags that instructions leave undefined: see ../undefined-flags.ts. */
import { emit, emitted, emittedAt, insertAt, setEmitted } from './builder';

@external('v86', 'bcd_daa$original') declare function daaOriginal(): void;
@external('v86', 'bcd_das$original') declare function dasOriginal(): void;
@external('v86', 'codegen::gen_set_last_op_size_and_flags_changed$original')
declare function setSizeAndChangedOriginal(builder: u32, size: i32, changed: i32): void;
@external('v86', 'jit_instructions::gen_shr32$original')
declare function shiftRightOriginal(context: u32, destination: i32, isImmediate: i32, count: i32): void;

const FLAGS: u32 = 120;
const OVERFLOW: u32 = 0x800;
/** SF, ZF, PF and AF are worked out when they are read; CF and OF are known. */
const SHIFT_OR_MULTIPLY: i32 = 0xd4;

export function decimalAdd(): void {
  daaOriginal();
  store<u32>(FLAGS, load<u32>(FLAGS) & ~OVERFLOW);
}

export function decimalSubtract(): void {
  dasOriginal();
  store<u32>(FLAGS, load<u32>(FLAGS) & ~OVERFLOW);
}

/** AF is worked out from the first operand (address 104), of which these instructions leave none: it becomes 0. */
export function emitSizeAndChanged(builder: u32, size: i32, changed: i32): void {
  setSizeAndChangedOriginal(builder, size, changed);
  if (changed != SHIFT_OR_MULTIPLY) return;
  // i32.const 104, i32.const 0, i32.store align=4 offset=0
  emit(builder, 0x41);
  emit(builder, 0xe8);
  emit(builder, 0x00);
  emit(builder, 0x41);
  emit(builder, 0x00);
  emit(builder, 0x36);
  emit(builder, 0x02);
  emit(builder, 0x00);
}

/**
 * SHR of 32 bits: OF is the highest bit of the operand, which is right for one bit. What was generated computes
 * `destination >> 20 & 800h`; for more bits the destination must be shifted by the count less one first.
 * @param count the number of bits, or the address of the number of the local that holds it
 */
export function emitShiftRight(context: u32, destination: i32, isImmediate: i32, count: i32): void {
  const builder = load<u32>(context + 36);
  const start = emitted(builder);
  shiftRightOriginal(context, destination, isImmediate, count);
  if (isImmediate != 0) {
    count &= 31;
    // With no bit nothing was generated. `i32.const 800h` becomes `i32.const 0` for more than one.
    if (count > 1) setEmitted(builder, overflowAt(builder, start) + 5, 0x00);
    return;
  }
  const overflow = overflowAt(builder, start);
  // Before it: local.get count, i32.const 1, i32.sub, i32.shr_u, i32.const 1, i32.and, i32.or, local.get destination.
  const minusOne = overflow - 12;
  if (emittedAt(builder, minusOne) != 0x20 || emittedAt(builder, minusOne + 4) != 0x6b) unreachable();
  for (let i: u32 = 0; i < 6; ++i) insertAt(builder, overflow + i, emittedAt(builder, minusOne + i));
}

/** Where `i32.const 20, i32.shr_u, i32.const 800h, i32.and, i32.or` is, behind `start`. */
function overflowAt(builder: u32, start: u32): u32 {
  for (let at = start; at + 8 <= emitted(builder); ++at) {
    if (
      emittedAt(builder, at) == 0x41 &&
      emittedAt(builder, at + 1) == 0x14 &&
      emittedAt(builder, at + 2) == 0x76 &&
      emittedAt(builder, at + 3) == 0x41 &&
      emittedAt(builder, at + 4) == 0x80 &&
      emittedAt(builder, at + 5) == 0x10 &&
      emittedAt(builder, at + 6) == 0x71 &&
      emittedAt(builder, at + 7) == 0x72
    )
      return at;
  }
  unreachable();
  return 0;
}
