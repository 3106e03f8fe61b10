/**
 * String instructions with REP. REP MOVS reads before it writes: where neither page is there, the fault is the source's.
 * And where one stores over its own bytes, those are read again before it goes on. A page fault is delivered when the
 * instruction has left its registers: a task that handles it finds them in the state of the other, and has its own.
 */
import { walk } from './engine';
import {
  cpl,
  ECX,
  EDI,
  eip,
  ES,
  ESI,
  FLAG_DIRECTION,
  flags,
  previousEip,
  reg,
  segmentBase,
  segmentIsNull,
  setEip,
  setReg,
} from './registers';

@external('v86', 'movsb_rep$original') declare function bytesOriginal(address32: i32, segment: i32): void;
@external('v86', 'movsw_rep$original') declare function wordsOriginal(address32: i32, segment: i32): void;
@external('v86', 'movsd_rep$original') declare function doublesOriginal(address32: i32, segment: i32): void;

/** v86's table of pages by linear address; what it knows of each. */
const PAGES: usize = 4283748;
const PAGE: u32 = 0x1000;
const VALID: i32 = 1;
const NO_USER: i32 = 4;

// @ts-ignore: decorator
@inline function known(address: u32): i32 {
  return load<i32>(PAGES + ((address >> 12) << 2));
}

@external('v86', 'cpu::do_page_walk$original')
declare function walkOriginal(address: i32, write: i32, user: i32, jit: i32, effects: i32): i32;

/** Whether a string instruction is under way that keeps its fault; the access that faulted, where one did. */
let keeps: bool = false;
let kept: bool = false;
let keptAddress: i32 = 0;
let keptWrite: i32 = 0;
let keptUser: i32 = 0;

export function keepFault(): void {
  keeps = true;
}

export function deliverKept(): void {
  keeps = false;
  if (!kept) return;
  kept = false;
  walkOriginal(keptAddress, keptWrite, keptUser, 0, 1);
}

/** See `walk`. (v86 has copies of what delivers the fault in here.) */
export function walkKeeping(address: i32, write: i32, user: i32, jit: i32, effects: i32): i32 {
  if (!keeps || effects == 0 || walkOriginal(address, write, user, jit, 0) != 0)
    return walkOriginal(address, write, user, jit, effects);
  kept = true;
  keptAddress = address;
  keptWrite = write;
  keptUser = user;
  return 0;
}

/** Whether the first element is looked at as a whole, which may lie in two pages. */
let looksAtWholeElements: bool = false;

export function lookAtWholeElements(): void {
  looksAtWholeElements = true;
}

/** Whether the source may be read; else its fault was delivered. With addresses of 16 bits v86 has the right order. */
// @ts-ignore: decorator
@inline function sourceIsThere(address32: i32, segment: i32, size: u32): bool {
  if (!address32 || reg(ECX) == 0 || segmentIsNull(segment)) return true;
  const address = segmentBase(segment) + reg(ESI);
  if (!isReadable(address)) return false;
  const inPage = <u32>address % PAGE;
  return !looksAtWholeElements || inPage <= PAGE - size || isReadable(address - inPage + PAGE);
}

function isReadable(address: i32): bool {
  const user = cpl() == 3;
  return (known(address) & (user ? VALID | NO_USER : VALID)) == VALID || walk(address, 0, user, 0, 1) != 0;
}

export function repeatMoveBytes(address32: i32, segment: i32): void {
  if (sourceIsThere(address32, segment, 1)) bytesOriginal(address32, segment);
}

export function repeatMoveWords(address32: i32, segment: i32): void {
  if (sourceIsThere(address32, segment, 2)) wordsOriginal(address32, segment);
}

export function repeatMoveDoubles(address32: i32, segment: i32): void {
  if (sourceIsThere(address32, segment, 4)) doublesOriginal(address32, segment);
}

@external('v86', 'stosb_rep$original') declare function storeBytesOriginal(address32: i32): void;
@external('v86', 'stosw_rep$original') declare function storeWordsOriginal(address32: i32): void;
@external('v86', 'stosd_rep$original') declare function storeDoublesOriginal(address32: i32): void;
@external('v86', 'insb_rep$original') declare function inBytesOriginal(address32: i32): void;
@external('v86', 'insw_rep$original') declare function inWordsOriginal(address32: i32): void;
@external('v86', 'insd_rep$original') declare function inDoublesOriginal(address32: i32): void;

/**
 * How many elements of `size` bytes are stored until one is over a byte of the instruction, that one included; `count`
 * where none is.
 */
function untilOwnBytes(count: u32, address32: i32, size: u32): u32 {
  const own = <u32>previousEip();
  const base = <u32>segmentBase(ES);
  const mask: u32 = address32 ? 0xffffffff : 0xffff;
  if (own - base > mask) return count;
  return untilBytes(count, base + (<u32>reg(EDI) & mask), size, own, <u32>eip(), mask);
}

/** As `untilOwnBytes`, of bytes from `own` to `end`, and elements from `target` on. */
function untilBytes(count: u32, target: u32, size: u32, own: u32, end: u32, mask: u32): u32 {
  if (own - target < size || target - own < end - own) return 1;
  const gap = (flags() & FLAG_DIRECTION) != 0 ? target - (end - 1) : own - (target + size - 1);
  const before = ((gap & mask) + size - 1) / size;
  return before < count ? before + 1 : count;
}

/** Whether other pages are looked at that are the same memory: see `lookAtPages`. */
let looksAtPages: bool = false;

export function lookAtPages(): void {
  looksAtPages = true;
}

/** As `untilOwnBytes`, by way of any page; never beyond the end of one, and alone where an element lies in two. */
function untilOwnPages(count: u32, address32: i32, size: u32): u32 {
  const offset = <u32>reg(EDI) & (address32 ? 0xffffffff : 0xffff);
  const target = <u32>segmentBase(ES) + offset;
  const inPage = target % PAGE;
  if (inPage > PAGE - size) return 1;
  const back = (flags() & FLAG_DIRECTION) != 0;
  let most = (back ? inPage : PAGE - size - inPage) / size + 1;
  // It wraps: what follows lies elsewhere.
  if (!address32) most = min(most, (back ? offset : 0xffff - offset) / size + 1);
  const now = min(count, most);
  const page = frame(target);
  const own = <u32>previousEip();
  const last = <u32>eip() - 1;
  if (own / PAGE == last / PAGE) return page == frame(own) ? untilBytes(now, inPage, size, own % PAGE, last % PAGE + 1, -1) : now;
  const first = page == frame(own) ? untilBytes(now, inPage, size, own % PAGE, PAGE, -1) : now;
  return page == frame(last) ? min(first, untilBytes(now, inPage, size, 0, last % PAGE + 1, -1)) : first;
}

/** Where the engine has the page of an address; 0 where there is none. */
function frame(address: u32): u32 {
  const valid = known(address);
  const page = (valid & VALID) != 0 ? valid : walk(address, 0, 0, 0, 0);
  return page == 0 ? 0 : (page ^ address) & ~(PAGE - 1);
}

/** ECX until the bytes of the instruction are to be read again. Returns what is left of it for later. */
function begin(address32: i32, size: u32): u32 {
  const mask: u32 = address32 ? 0xffffffff : 0xffff;
  const count = <u32>reg(ECX) & mask;
  let now: u32 = 0;
  if (count != 0) now = looksAtPages ? untilOwnPages(count, address32, size) : untilOwnBytes(count, address32, size);
  setReg(ECX, (reg(ECX) & ~mask) | now);
  return count - now;
}

/** Where all went well the instruction is to go on: it stands where it began. */
function goOn(address32: i32, later: u32): void {
  if (later == 0) return;
  const mask: u32 = address32 ? 0xffffffff : 0xffff;
  if (((<u32>reg(ECX)) & mask) == 0) setEip(previousEip());
  setReg(ECX, (reg(ECX) & ~mask) | (((<u32>reg(ECX)) + later) & mask));
}

export function rereadMoveBytes(address32: i32, segment: i32): void {
  if (!sourceIsThere(address32, segment, 1)) return;
  const later = begin(address32, 1);
  bytesOriginal(address32, segment);
  goOn(address32, later);
}

export function rereadMoveWords(address32: i32, segment: i32): void {
  if (!sourceIsThere(address32, segment, 2)) return;
  const later = begin(address32, 2);
  wordsOriginal(address32, segment);
  goOn(address32, later);
}

export function rereadMoveDoubles(address32: i32, segment: i32): void {
  if (!sourceIsThere(address32, segment, 4)) return;
  const later = begin(address32, 4);
  doublesOriginal(address32, segment);
  goOn(address32, later);
}

export function rereadStoreBytes(address32: i32): void {
  const later = begin(address32, 1);
  storeBytesOriginal(address32);
  goOn(address32, later);
}

export function rereadStoreWords(address32: i32): void {
  const later = begin(address32, 2);
  storeWordsOriginal(address32);
  goOn(address32, later);
}

export function rereadStoreDoubles(address32: i32): void {
  const later = begin(address32, 4);
  storeDoublesOriginal(address32);
  goOn(address32, later);
}

export function rereadInBytes(address32: i32): void {
  const later = begin(address32, 1);
  inBytesOriginal(address32);
  goOn(address32, later);
}

export function rereadInWords(address32: i32): void {
  const later = begin(address32, 2);
  inWordsOriginal(address32);
  goOn(address32, later);
}

export function rereadInDoubles(address32: i32): void {
  const later = begin(address32, 4);
  inDoublesOriginal(address32);
  goOn(address32, later);
}
