/** REP MOVS reads before it writes: where neither page is there, the fault is the source's. */
import { walk } from './engine';
import { cpl, ECX, ESI, reg, segmentBase, segmentIsNull } from './registers';

@external('v86', 'movsb_rep$original') declare function bytesOriginal(address32: i32, segment: i32): void;
@external('v86', 'movsw_rep$original') declare function wordsOriginal(address32: i32, segment: i32): void;
@external('v86', 'movsd_rep$original') declare function doublesOriginal(address32: i32, segment: i32): void;

/** v86's table of pages by linear address; what it knows of each. */
const PAGES: usize = 4283748;
const VALID: i32 = 1;
const NO_USER: i32 = 4;

/** Whether the source may be read; else its fault was delivered. With addresses of 16 bits v86 has the right order. */
// @ts-ignore: decorator
@inline function sourceIsThere(address32: i32, segment: i32): bool {
  if (!address32 || reg(ECX) == 0 || segmentIsNull(segment)) return true;
  const address = segmentBase(segment) + reg(ESI);
  const user = cpl() == 3;
  const known = load<i32>(PAGES + ((<u32>address >> 12) << 2));
  return (known & (user ? VALID | NO_USER : VALID)) == VALID || walk(address, 0, user, 0, 1) != 0;
}

export function repeatMoveBytes(address32: i32, segment: i32): void {
  if (sourceIsThere(address32, segment)) bytesOriginal(address32, segment);
}

export function repeatMoveWords(address32: i32, segment: i32): void {
  if (sourceIsThere(address32, segment)) wordsOriginal(address32, segment);
}

export function repeatMoveDoubles(address32: i32, segment: i32): void {
  if (sourceIsThere(address32, segment)) doublesOriginal(address32, segment);
}
