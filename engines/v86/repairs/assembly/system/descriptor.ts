/** Descriptors of segments, and the registers TR and LDTR, of which v86 keeps no access byte. */
import { fault, generalProtection, readSystem32, value } from './engine';
import { gdtrBase, gdtrLimit, LDTR, segmentBase, segmentLimit, selector, setSegmentAccess, TR } from './registers';

@external('v86', 'cpu::load_tr$original') declare function loadTaskOriginal(selector: i32): void;
@external('v86', 'cpu::load_ldt$original') declare function loadTableOriginal(selector: i32): i32;

const NOT_PRESENT: i32 = 11;
const BUSY: i32 = 2;
const LOCAL_TABLE: i32 = 2;

/** The descriptor that was found last: its upper word, where the segment begins, and the limit in bytes. */
export let upper: i32 = 0;
export let base: i32 = 0;
export let limit: u32 = 0;

export const FOUND: i32 = 0;
export const FAULTED: i32 = 1;
export const OUTSIDE: i32 = 2;

export function findDescriptor(selector: i32): i32 {
  const local = (selector & 4) != 0;
  const end = (selector & 0xfff8) + 7;
  if (<u32>end > (local ? segmentLimit(LDTR) : gdtrLimit())) return OUTSIDE;
  const address = (local ? segmentBase(LDTR) : gdtrBase()) + (selector & 0xfff8);
  if (!readSystem32(address)) return FAULTED;
  const lower = value;
  if (!readSystem32(address + 4)) return FAULTED;
  upper = value;
  base = (upper & 0xff000000) | ((upper & 0xff) << 16) | (lower >>> 16);
  limit = (lower & 0xffff) | (upper & 0xf0000);
  if (upper & 0x800000) limit = (limit << 12) | 0xfff;
  return FOUND;
}

/** LTR. */
export function loadTask(task: i32): void {
  const error = task & 0xfffc;
  const found = (task & 4) != 0 || error == 0 ? OUTSIDE : findDescriptor(task);
  if (found == FAULTED) return;
  const type = (upper >> 8) & 0x1f;
  if (found == OUTSIDE || (type != 9 && type != 1)) {
    generalProtection(error);
    return;
  }
  const access = (upper >> 8) & 0xff;
  if (!(access & 0x80)) {
    fault(NOT_PRESENT, error);
    return;
  }
  loadTaskOriginal(task);
  setSegmentAccess(TR, access | BUSY);
}

/** LLDT, which tells whether it faulted. */
export function loadTable(table: i32): i32 {
  const faulted = loadTableOriginal(table);
  if (faulted == 0 && selector(LDTR) == table && (table & 0xfffc) != 0 && findDescriptor(table) == FOUND)
    setSegmentAccess(LDTR, (upper >> 8) & 0xff);
  return faulted;
}

/** LLDT that looks at what it is given. */
export function loadTableChecked(table: i32): i32 {
  const error = table & 0xfffc;
  if (error == 0) return loadTable(table);
  const found = (table & 4) != 0 ? OUTSIDE : findDescriptor(table);
  if (found == FAULTED) return 1;
  if (found == OUTSIDE || ((upper >> 8) & 0x1f) != LOCAL_TABLE) {
    generalProtection(error);
    return 1;
  }
  if (!(upper & 0x8000)) {
    fault(NOT_PRESENT, error);
    return 1;
  }
  return loadTable(table);
}
