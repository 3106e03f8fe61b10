/**
 * Delivery of interrupts and exceptions: the way is looked at before v86 takes it, which ends where it is barred. What
 * bars it is delivered instead; an exception that meets another becomes a double fault, and the third resets the PC
 * (SDM vol. 3A, 6.13 to 6.15).
 */
import { base, FAULTED, findDescriptor, limit, OUTSIDE, upper } from './descriptor';
import { interrupt, walk } from './engine';
import {
  cpl, eip, idtrBase, idtrLimit, iopl, previousEip, protectedMode, segmentBase, segmentLimit, selector, setEip,
  setPreviousEip, TR, tssIs32, virtual8086,
} from './registers';
import { stackAt } from './stack';

@external('v86', 'cpu::call_interrupt_vector$original')
declare function interruptOriginal(vector: i32, software: i32, hasError: i32, error: i32): void;
@external('v86', 'cpu::io_port_write8') declare function writePort(port: i32, value: i32): void;

const DEBUG: i32 = 1;
const DOUBLE_FAULT: i32 = 8;
const INVALID_TASK: i32 = 10;
const NOT_PRESENT: i32 = 11;
const STACK_FAULT: i32 = 12;
const GENERAL_PROTECTION: i32 = 13;
const PAGE_FAULT: i32 = 14;

/** What is being delivered: nothing, something that makes no double fault, or the vector of an exception. */
const NOTHING: i32 = -1;
const BENIGN: i32 = 256;
let under: i32 = NOTHING;
/** Whether it came from without the program: bit 0 (EXT) of the error codes of what bars its way. */
let external: i32 = 0;

/** How many there were. */
export let delivered: u32 = 0;

/** Its handler is entered, or that of what barred the way. */
export function deliver(vector: i32, software: i32, hasError: i32, error: i32): void {
  ++delivered;
  const outer = under;
  const outerExternal = external;
  if (outer == DOUBLE_FAULT) {
    shutDown();
    return;
  }
  if (outer != NOTHING && makesDoubleFault(outer, vector)) {
    under = NOTHING;
    interrupt(DOUBLE_FAULT, 0, 1, 0);
    under = outer;
    return;
  }
  under = !software && (hasError != 0 || vector == 0) ? vector : BENIGN;
  if (outer == NOTHING) {
    external = i32(software == 0);
    // A trap: its instruction is done.
    if (vector == DEBUG && !software) setPreviousEip(eip());
  }
  if (mayPass(vector, software, hasError)) interruptOriginal(vector, software, hasError, error);
  under = outer;
  external = outerExternal;
}

/** The vector of the last of them, or -1; kept by `deliverInPlace`. */
export let lastDelivered: i32 = -1;

export function forgetDelivered(): void {
  lastDelivered = -1;
}

/** As `deliver`; what bars the way of a fault in JIT code, or of an interrupt, begins where that came. */
export function deliverInPlace(vector: i32, software: i32, hasError: i32, error: i32): void {
  if (under == NOTHING && !software) setPreviousEip(eip());
  deliver(vector, software, hasError, error);
  lastDelivered = vector;
}

function contributes(vector: i32): bool {
  return vector == 0 || (vector >= INVALID_TASK && vector <= GENERAL_PROTECTION);
}

function makesDoubleFault(first: i32, second: i32): bool {
  if (first == PAGE_FAULT) return second == PAGE_FAULT || contributes(second);
  return contributes(first) && contributes(second);
}

/** As chipsets do when the processor shuts down: here by the keyboard controller's line. */
function shutDown(): void {
  const CONTROLLER = 0x64;
  const PULSE_RESET = 0xfe;
  writePort(CONTROLLER, PULSE_RESET);
}

/** These say that there is no way. */
function bar(vector: i32, error: i32): bool {
  setEip(previousEip());
  interrupt(vector, 0, 1, error);
  return false;
}

function barSelector(vector: i32, what: i32): bool {
  return bar(vector, (what & 0xfffc) | external);
}

/** Where the engine has a byte of a table of the system; 0 where that faulted, which was delivered. */
function tableAt(address: i32): usize {
  let page = walk(address, 0, 0, 0, 0);
  if (page == 0) page = walk(address, 0, 0, 0, 1);
  return page == 0 ? 0 : <usize>((page & ~0xfff) ^ address);
}

let low: i32 = 0;
let high: i32 = 0;

/** Up to eight bytes, as two words. */
function readTable(address: i32, bytes: i32): bool {
  const first = tableAt(address);
  if (first == 0) return false;
  if ((address & 0xfff) <= 0x1000 - 8) {
    low = load<i32>(first);
    high = load<i32>(first, 4);
    return true;
  }
  let all: u64 = 0;
  for (let i = 0; i < bytes; ++i) {
    const at = tableAt(address + i);
    if (at == 0) return false;
    all |= <u64>load<u8>(at) << (i << 3);
  }
  low = <i32>all;
  high = <i32>(all >> 32);
  return true;
}

function mayPass(vector: i32, software: i32, hasError: i32): bool {
  if (!protectedMode()) return <u32>(vector << 2) + 3 <= idtrLimit() || bar(GENERAL_PROTECTION, 0);
  // v86 raises it.
  if (software && virtual8086() && iopl() < 3) return true;
  const own = (vector << 3) | 2 | external;
  if (<u32>(vector << 3) + 7 > idtrLimit()) return bar(GENERAL_PROTECTION, own);
  if (!readTable(idtrBase() + (vector << 3), 8)) return false;
  const target = low >>> 16;
  const offset = (high & 0xffff0000) | (low & 0xffff);
  const type = (high >> 8) & 0x1f;
  const isTask = type == 5;
  if (!isTask && (type & 0x16) != 6) return bar(GENERAL_PROTECTION, own);
  if (software && ((high >> 13) & 3) < cpl()) return bar(GENERAL_PROTECTION, own);
  if (!(high & 0x8000)) return bar(NOT_PRESENT, own);
  if (isTask) return taskMayRun(target);
  return codeMayRun(target, offset, (type & 8) != 0 ? 4 : 2, i32(hasError != 0));
}

function taskMayRun(target: i32): bool {
  const found = (target & 4) != 0 || (target & 0xfffc) == 0 ? OUTSIDE : findDescriptor(target);
  if (found == FAULTED) return false;
  const type = (upper >> 8) & 0x1f;
  if (found == OUTSIDE || (type != 9 && type != 1)) return barSelector(GENERAL_PROTECTION, target);
  return (upper & 0x8000) != 0 || barSelector(NOT_PRESENT, target);
}

/** @param bytes of what is pushed @param errors how many error codes are */
function codeMayRun(target: i32, offset: i32, bytes: i32, errors: i32): bool {
  const found = (target & 0xfffc) == 0 ? OUTSIDE : findDescriptor(target);
  if (found == FAULTED) return false;
  if (found == OUTSIDE) return barSelector(GENERAL_PROTECTION, target);
  const privilege = (upper >> 13) & 3;
  const isCode = (upper & 0x1800) == 0x1800;
  if (!isCode || privilege > cpl()) return barSelector(GENERAL_PROTECTION, target);
  if (!(upper & 0x8000)) return barSelector(NOT_PRESENT, target);
  const conforming = (upper & 0x400) != 0;
  const inwards = !conforming && privilege < cpl();
  if (virtual8086() && (!inwards || privilege != 0)) return barSelector(GENERAL_PROTECTION, target);
  const end = limit;
  if (inwards) {
    const segments = virtual8086() ? 4 : 0;
    if (!innerStackHolds(privilege, bytes * (5 + errors + segments))) return false;
  } else {
    const space = bytes * (3 + errors);
    const user = i32(cpl() == 3);
    if (!canWrite(stackAt(-space), user) || !canWrite(stackAt(-1), user)) return false;
  }
  return <u32>(bytes == 2 ? offset & 0xffff : offset) <= end || bar(GENERAL_PROTECTION, external);
}

function canWrite(address: i32, user: i32): bool {
  return walk(address, 1, user, 0, 0) != 0 || walk(address, 1, user, 0, 1) != 0;
}

/** The stack that the task has for a privilege. */
function innerStackHolds(privilege: i32, space: i32): bool {
  const at = tssIs32() ? (privilege << 3) + 4 : (privilege << 2) + 2;
  const entry = tssIs32() ? 6 : 4;
  if (<u32>(at + (tssIs32() ? 7 : 3)) > segmentLimit(TR)) return barSelector(INVALID_TASK, selector(TR));
  if (!readTable(segmentBase(TR) + at, entry)) return false;
  const stack = tssIs32() ? high & 0xffff : low >>> 16;
  const top = tssIs32() ? low : low & 0xffff;
  const found = (stack & 0xfffc) == 0 ? OUTSIDE : findDescriptor(stack);
  if (found == FAULTED) return false;
  const writable = (upper & 0x1a00) == 0x1200;
  if (found == OUTSIDE || (stack & 3) != privilege || ((upper >> 13) & 3) != privilege || !writable)
    return barSelector(INVALID_TASK, stack);
  if (!(upper & 0x8000)) return barSelector(STACK_FAULT, stack);
  const left = top - space;
  const big = (upper & 0x400000) != 0;
  return canWrite(base + (big ? left : left & 0xffff), 0) && canWrite(base + top - 1, 0);
}
