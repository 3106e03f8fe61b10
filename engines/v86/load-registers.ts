/** Puts an architectural state into a machine: what registers.ts reads, the other way round. */
import type { CpuState, Segment } from '../../formats/state.js';
import { LAYOUT } from './layout.js';
import type { EngineExports } from './seam.js';

/** Where v86 0.5.462 keeps what of the state is derived (src/rust/cpu/global_pointers.rs). */
const DERIVED = { flagsChanged: 100, flags: 120, prefixes: 648, pageDirectoryPointers: 968 } as const;
const TR = 6;
const LDTR = 7;
const CS = 1;
const SS = 2;
const BIG = 0x4000;
const BUSY_TSS32 = 0x8b;
const ACCESS = 0xff;
const PROTECTED = 1;
const VM = 0x20000;
const EMPTY = 3;
const TOP_MASK = 0x3800;

/**
 * The machine becomes one with this state. Its RAM is the caller's matter, and that of page directory pointers, which PAE
 * keeps apart.
 * @param pointers those, 32 bytes, or null without PAE
 */
export function loadCpuState(engine: EngineExports, state: CpuState, pointers: Uint8Array | null): void {
  const { buffer } = engine.memory;
  const u8 = new Uint8Array(buffer, 0, LAYOUT.end);
  const view = new DataView(buffer, 0, LAYOUT.end);
  const u32 = (offset: number, value: number): void => view.setUint32(offset, value >>> 0, true);
  const many = (offset: number, values: readonly number[]): void => values.forEach((v, i) => u32(offset + 4 * i, v));
  const segment = (i: number, { selector, base, limit, attributes }: Segment): void => {
    view.setUint16(LAYOUT.selectors + 2 * i, selector, true);
    u32(LAYOUT.segmentBase + 4 * i, base);
    u32(LAYOUT.segmentLimit + 4 * i, limit);
    u8[LAYOUT.segmentAccess + i] = attributes & ACCESS;
    u8[LAYOUT.segmentIsNull + i] = attributes === 0 ? 1 : 0;
  };
  many(LAYOUT.gpr, state.gpr);
  state.segments.forEach((each, i) => segment(i, each));
  segment(TR, state.tr);
  segment(LDTR, state.ldtr);
  u8[LAYOUT.segmentIsNull + TR] = u8[LAYOUT.segmentIsNull + LDTR] = 0;
  u8[LAYOUT.is32] = (state.segments[CS]!.attributes & BIG) !== 0 ? 1 : 0;
  u8[LAYOUT.stackSize32] = (state.segments[SS]!.attributes & BIG) !== 0 ? 1 : 0;
  u8[LAYOUT.tss32] = (state.tr.attributes & BUSY_TSS32) === BUSY_TSS32 ? 1 : 0;
  const protectedMode = (state.cr0 & PROTECTED) !== 0;
  u8[LAYOUT.protectedMode] = protectedMode ? 1 : 0;
  const virtual8086 = (state.eflags & VM) !== 0;
  u8[LAYOUT.cpl] = virtual8086 ? 3 : protectedMode ? (state.segments[SS]!.attributes >> 5) & 3 : 0;
  u8[LAYOUT.halted] = state.halted ? 1 : 0;
  const linear = (state.segments[CS]!.base + state.eip) >>> 0;
  u32(LAYOUT.eip, linear);
  u32(LAYOUT.previousEip, linear);
  u32(DERIVED.flags, state.eflags);
  u32(DERIVED.flagsChanged, 0);
  u8[DERIVED.prefixes] = 0;
  u32(LAYOUT.gdtrBase, state.gdtr.base);
  u32(LAYOUT.gdtrLimit, state.gdtr.limit);
  u32(LAYOUT.idtrBase, state.idtr.base);
  u32(LAYOUT.idtrLimit, state.idtr.limit);
  u32(LAYOUT.cr, state.cr0);
  u32(LAYOUT.cr + 8, state.cr2);
  u32(LAYOUT.cr + 12, state.cr3);
  u32(LAYOUT.cr + 16, state.cr4);
  if (pointers !== null) u8.set(pointers, DERIVED.pageDirectoryPointers);
  many(LAYOUT.debug, state.dr);
  many(LAYOUT.sysenter, state.sysenter);
  loadFloat(u8, view, state);
  engine.set_control_word!(state.x87.fcw);
  engine.update_state_flags!();
  engine.full_clear_tlb!();
}

function loadFloat(u8: Uint8Array, view: DataView, { x87, mxcsr, xmm }: CpuState): void {
  const top = (x87.fsw & TOP_MASK) >> 11;
  u8[LAYOUT.fpuTop] = top;
  let empty = 0;
  for (let i = 0; i < 8; i++) {
    if (((x87.ftw >> (2 * i)) & EMPTY) === EMPTY) empty |= 1 << i;
    u8.set(x87.st.subarray(10 * i, 10 * i + 10), LAYOUT.st + 16 * ((top + i) & 7));
  }
  u8[LAYOUT.fpuEmpty] = empty;
  view.setUint16(LAYOUT.fsw, x87.fsw & ~TOP_MASK, true);
  view.setUint32(LAYOUT.fop, x87.fop, true);
  view.setUint32(LAYOUT.fip, x87.fip, true);
  view.setUint32(LAYOUT.fcs, x87.fcs, true);
  view.setUint32(LAYOUT.fdp, x87.fdp, true);
  view.setUint32(LAYOUT.fds, x87.fds, true);
  view.setUint32(LAYOUT.mxcsr, mxcsr, true);
  u8.set(xmm, LAYOUT.xmm);
}
