/** Memory as the processor itself reads it: descriptors, task states, stacks, code. */
import { physical16, physical32, physical8, walk, write16, write32, write8 } from './engine';
import { cpl, setCpl } from './registers';

/** v86's table of pages by linear address, and the address of guest physical address 0; both as in this very build. */
const PAGES = 4283748;
const RAM = 8478052;
const VALID = 1;
const READ_ONLY = 2;
const NO_USER = 4;

/** Set by a read that faulted (the fault was delivered); whoever reads looks before it goes on. */
export let faulted = false;

export function clearFaulted(): void {
  faulted = false;
}

/** Whether an access is allowed; if not, its page fault was delivered. */
export function reachable(address: i32, write: bool, user: bool): bool {
  const entry = load<i32>(PAGES + ((<u32>address >> 12) << 2));
  const mask = VALID | (write ? READ_ONLY : 0) | (user ? NO_USER : 0);
  return (entry & mask) == VALID || walk(address, write, user, 0, 1) != 0;
}

/** The same of a stretch that is no longer than a page. */
export function allReachable(address: i32, size: i32, write: bool, user: bool): bool {
  if (!reachable(address, write, user)) return false;
  const last = address + size - 1;
  return ((address ^ last) & ~0xfff) == 0 || reachable(last & ~0xfff, write, user);
}

/** Guest physical address of what is reachable. */
function physical(address: i32): i32 {
  let entry = load<i32>(PAGES + ((<u32>address >> 12) << 2));
  if (!(entry & VALID)) entry = walk(address, 0, 0, 0, 1);
  return ((entry & ~0xfff) ^ address) - load<i32>(RAM);
}

function read8Of(address: i32, user: bool): i32 {
  if (!reachable(address, false, user)) {
    faulted = true;
    return 0;
  }
  return physical8(physical(address));
}

function read16Of(address: i32, user: bool): i32 {
  if ((address & 0xfff) == 0xfff) {
    const low = read8Of(address, user);
    return faulted ? 0 : low | (read8Of(address + 1, user) << 8);
  }
  if (!reachable(address, false, user)) {
    faulted = true;
    return 0;
  }
  return physical16(physical(address));
}

function read32Of(address: i32, user: bool): i32 {
  if ((address & 0xfff) > 0xffc) {
    const low = read16Of(address, user);
    return faulted ? 0 : low | (read16Of(address + 2, user) << 16);
  }
  if (!reachable(address, false, user)) {
    faulted = true;
    return 0;
  }
  return physical32(physical(address));
}

/** As the program reads it. */
export function read8(address: i32): i32 {
  return read8Of(address, cpl() == 3);
}
export function read16(address: i32): i32 {
  return read16Of(address, cpl() == 3);
}
export function read32(address: i32): i32 {
  return read32Of(address, cpl() == 3);
}

/** As the processor reads its tables, whoever runs. */
export function system16(address: i32): i32 {
  return read16Of(address, false);
}
export function system32(address: i32): i32 {
  return read32Of(address, false);
}

/** Writes what is known to be reachable by the processor itself. */
export function systemWrite8(address: i32, value: i32): void {
  const before = cpl();
  setCpl(0);
  write8(address, value);
  setCpl(before);
}
export function systemWrite16(address: i32, value: i32): void {
  const before = cpl();
  setCpl(0);
  write16(address, value);
  setCpl(before);
}
export function systemWrite32(address: i32, value: i32): void {
  const before = cpl();
  setCpl(0);
  write32(address, value);
  setCpl(before);
}

/** A byte of code, without any effect; -1 where there is none to read. */
export function codeByte(address: i32): i32 {
  const user = cpl() == 3;
  const entry = walk(address, 0, user, 0, 0);
  return entry == 0 ? -1 : physical8(((entry & ~0xfff) ^ address) - load<i32>(RAM));
}

/** A byte of code by guest physical address, where it is read to be translated. */
export function codeByteAt(address: i32): i32 {
  return physical8(address);
}
