/** Compares the simulator's CPU with a keyframe. */
import type { MachineKind } from '../../formats/relog.js';
import { GPR_NAMES, SEGMENT_NAMES, type CpuState, type Segment } from '../../formats/state.js';

export interface StateDifference {
  field: string;
  /** Hexadecimal. */
  expected: string;
  got: string;
}

export interface StateComparison {
  differences: StateDifference[];
  /** How often each row of the table in forgiven.ts applied. */
  forgiven: Record<string, number>;
}

/** EFLAGS up to ID, without the bits that read as 0 or 1 always. */
export const EFLAGS_DEFINED = 0x3f7fd5;
/** CF, PF, AF, ZF, SF and OF. */
export const STATUS_FLAGS = 0x8d5;
const VIRTUAL_8086 = 0x20000;
const NULL_SELECTOR_MASK = 0xfffc;
/** Of a descriptor's bits 40 to 55: what the CPU looks at. */
const TYPE_WITHOUT_ACCESSED = 0xfe;
const SYSTEM_TYPE = 0xff;
const BIG = 0x4000;

/**
 * @param got the simulator's state
 * @param machine what the machine is of a processor; its status flags may mean nothing where the manual leaves them
 *   undefined, and it may keep no pointers of the x87
 */
export function compareState(
  expected: CpuState,
  got: CpuState,
  machine: MachineKind = { flags: 'defined', float: 'processor' },
): StateComparison {
  const differences: StateDifference[] = [];
  const forgiven: Record<string, number> = {};
  const differ: Differ = (field, want, have) => {
    if (want !== have) differences.push({ field, expected: text(want), got: text(have) });
  };
  const forgive = (row: string): void => {
    forgiven[row] = (forgiven[row] ?? 0) + 1;
  };

  GPR_NAMES.forEach((name, i) => differ(name, expected.gpr[i]!, got.gpr[i]!));
  differ('eip', expected.eip, got.eip);
  const flags = (expected.eflags ^ got.eflags) & EFLAGS_DEFINED;
  if (flags !== 0) {
    if (machine.flags === 'defined' || (flags & ~STATUS_FLAGS) !== 0) differ('eflags', expected.eflags, got.eflags);
    else forgive('flags-of-older-machine');
  }

  // In virtual-8086 mode a segment is its selector, and nothing else of it stays.
  const virtual8086 = (expected.eflags & got.eflags & VIRTUAL_8086) !== 0;
  const segments: CompareSegment = virtual8086 ? compareVirtualSegment : compareSegment;
  SEGMENT_NAMES.forEach((name, i) => segments(name, expected.segments[i]!, got.segments[i]!, differ, forgive));
  compareSystemSegment('ldtr', expected.ldtr, got.ldtr, differ, forgive);
  compareSystemSegment('tr', expected.tr, got.tr, differ, forgive);
  for (const table of ['gdtr', 'idtr'] as const) {
    differ(`${table}.base`, expected[table].base, got[table].base);
    differ(`${table}.limit`, expected[table].limit, got[table].limit);
  }
  for (const register of ['cr0', 'cr2', 'cr3', 'cr4', 'mxcsr'] as const)
    differ(register, expected[register], got[register]);
  expected.dr.forEach((value, i) => {
    if (i !== 4 && i !== 5) differ(`dr${i}`, value, got.dr[i]!);
  });
  expected.sysenter.forEach((value, i) => differ(`sysenter.${i}`, value, got.sysenter[i]!));
  compareX87(expected, got, machine.float === 'processor', differ, forgive);
  for (let i = 0; i < 8; i++) differ(`xmm${i}`, hex(expected.xmm, 16 * i, 16), hex(got.xmm, 16 * i, 16));
  differ('halted', Number(expected.halted), Number(got.halted));
  return { differences, forgiven };
}

function text(value: number | string): string {
  return typeof value === 'string' ? value : `0x${(value >>> 0).toString(16)}`;
}

type Differ = (field: string, want: number | string, have: number | string) => void;
type Forgive = (row: string) => void;

type CompareSegment = (name: string, want: Segment, have: Segment, differ: Differ, forgive: Forgive) => void;

function compareVirtualSegment(name: string, want: Segment, have: Segment, differ: Differ): void {
  differ(`${name}.selector`, want.selector, have.selector);
  differ(`${name}.base`, want.base, have.base);
}

function compareSegment(name: string, want: Segment, have: Segment, differ: Differ, forgive: Forgive): void {
  differ(`${name}.selector`, want.selector, have.selector);
  if ((want.selector & NULL_SELECTOR_MASK) === 0 && (want.attributes === 0 || have.attributes === 0)) {
    if (want.base !== have.base || want.limit !== have.limit || want.attributes !== have.attributes) {
      forgive('segment-unused');
    }
    return;
  }
  differ(`${name}.base`, want.base, have.base);
  differ(`${name}.limit`, want.limit, have.limit);
  const sized = name === 'cs' || name === 'ss' ? BIG : 0;
  const mask = TYPE_WITHOUT_ACCESSED | sized;
  differ(`${name}.attributes`, want.attributes & mask, have.attributes & mask);
  if ((want.attributes & mask) === (have.attributes & mask) && want.attributes !== have.attributes) {
    forgive('segment-accessed');
  }
}

function compareSystemSegment(name: string, want: Segment, have: Segment, differ: Differ, forgive: Forgive): void {
  differ(`${name}.selector`, want.selector, have.selector);
  if ((want.selector & NULL_SELECTOR_MASK) === 0) {
    if (want.base !== have.base || want.limit !== have.limit) forgive('segment-unused');
    return;
  }
  differ(`${name}.base`, want.base, have.base);
  differ(`${name}.limit`, want.limit, have.limit);
  differ(`${name}.attributes`, want.attributes & SYSTEM_TYPE, have.attributes & SYSTEM_TYPE);
}

function compareX87(expected: CpuState, got: CpuState, exact: boolean, differ: Differ, forgive: Forgive): void {
  const [want, have] = [expected.x87, got.x87];
  differ('fcw', want.fcw, have.fcw);
  differ('fsw', want.fsw, have.fsw);
  const top = (want.fsw >> 11) & 7;
  for (let i = 0; i < 8; i++) {
    const physical = (top + i) & 7;
    const empty = (tags: number): number => Number(((tags >> (2 * physical)) & 3) === 3);
    differ(`st${i}.empty`, empty(want.ftw), empty(have.ftw));
    if (!empty(want.ftw)) differ(`st${i}`, hex(want.st, 10 * i, 10), hex(have.st, 10 * i, 10));
  }
  const pointers = ['fop', 'fip', 'fcs', 'fdp', 'fds'] as const;
  if (exact) for (const field of pointers) differ(field, want[field], have[field]);
  else if (pointers.some((field) => want[field] !== have[field])) forgive('float-of-older-machine');
}

function hex(bytes: Uint8Array, offset: number, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + offset, length).toString('hex');
}
