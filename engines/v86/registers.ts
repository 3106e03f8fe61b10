/** Reads the CPU's architectural state out of a stopped machine. */
import type { CpuState, Segment } from '../../formats/state.js';
import { LAYOUT } from './layout.js';

const ES_TO_GS = [0, 1, 2, 3, 4, 5] as const;
const TR = 6;
const LDTR = 7;
const CS = 1;
const SS = 2;
const DB_BIT = 0x4000;
/** Present system descriptors, DPL 0 (SDM vol. 3A, 3.5). */
const LDT = 0x82;
const BUSY_TSS16 = 0x83;
const BUSY_TSS32 = 0x8b;

/**
 * @param memory the engine's WASM memory
 * @param eflags from the engine's `get_eflags`: flags are computed lazily and are not in memory as such
 */
export function readCpuState(memory: ArrayBuffer, eflags: number): CpuState {
  const u8 = new Uint8Array(memory, 0, LAYOUT.end);
  const view = new DataView(memory, 0, LAYOUT.end);
  const u32 = (offset: number): number => view.getUint32(offset, true);
  const u16 = (offset: number): number => view.getUint16(offset, true);
  const many = (offset: number, count: number): number[] =>
    Array.from({ length: count }, (_, i) => u32(offset + 4 * i));
  const segment = (i: number): Segment => {
    if (u8[LAYOUT.segmentIsNull + i])
      return { selector: u16(LAYOUT.selectors + 2 * i), base: 0, limit: 0, attributes: 0 };
    // v86 keeps the D/B bit for CS and SS only, where alone it has an effect on 32-bit code.
    const big = i === CS ? u8[LAYOUT.is32] : i === SS ? u8[LAYOUT.stackSize32] : i < TR ? 1 : 0;
    const limit = u32(LAYOUT.segmentLimit + 4 * i);
    return {
      selector: u16(LAYOUT.selectors + 2 * i),
      base: u32(LAYOUT.segmentBase + 4 * i),
      limit,
      attributes: u8[LAYOUT.segmentAccess + i]! | (big ? DB_BIT : 0) | (limit > 0xfffff ? 0x8000 : 0),
    };
  };
  // v86 keeps no access byte for these two: what it is follows from what they hold. Its repair keeps the privileges.
  const PRIVILEGES = 0x60;
  const systemSegment = (i: number, access: number): Segment => {
    const cached = segment(i);
    return (cached.selector & ~3) === 0 && i === LDTR
      ? { ...cached, base: 0, limit: 0, attributes: 0 }
      : { ...cached, attributes: access | (u8[LAYOUT.segmentAccess + i]! & PRIVILEGES) };
  };
  const cr = (i: number): number => u32(LAYOUT.cr + 4 * i);
  return {
    gpr: many(LAYOUT.gpr, 8),
    eip: (u32(LAYOUT.eip) - u32(LAYOUT.segmentBase + 4 * CS)) >>> 0,
    eflags: eflags >>> 0,
    segments: ES_TO_GS.map(segment),
    ldtr: systemSegment(LDTR, LDT),
    tr: systemSegment(TR, u8[LAYOUT.tss32] ? BUSY_TSS32 : BUSY_TSS16),
    gdtr: { base: u32(LAYOUT.gdtrBase), limit: u32(LAYOUT.gdtrLimit) & 0xffff },
    idtr: { base: u32(LAYOUT.idtrBase), limit: u32(LAYOUT.idtrLimit) & 0xffff },
    cr0: cr(0),
    cr2: cr(2),
    cr3: pagesRegister(cr(3), cr(5), cr(4)),
    cr4: cr(4),
    dr: many(LAYOUT.debug, 8),
    sysenter: many(LAYOUT.sysenter, 3),
    x87: readX87(u8, view),
    mxcsr: u32(LAYOUT.mxcsr),
    xmm: u8.slice(LAYOUT.xmm, LAYOUT.xmm + 128),
    halted: u8[LAYOUT.halted] !== 0,
  };
}

/** CR3 as it was written, where a repair has kept that (repairs/assembly/system/control.ts). */
function pagesRegister(cr3: number, written: number, cr4: number): number {
  const PAE = 1 << 5;
  const mask = (cr4 & PAE) !== 0 ? ~0x1f : ~0xfff;
  return (written & mask) >>> 0 === cr3 ? written : cr3;
}

/** Stack order of the register file, full status and tag words, from v86's top pointer and empty mask. */
export function readX87(u8: Uint8Array, view: DataView): CpuState['x87'] {
  const top = u8[LAYOUT.fpuTop]! & 7;
  const st = new Uint8Array(80);
  for (let i = 0; i < 8; i++) {
    const at = LAYOUT.st + 16 * ((top + i) & 7);
    st.set(u8.subarray(at, at + 10), 10 * i);
  }
  return {
    fcw: view.getUint16(LAYOUT.fcw, true),
    fsw: statusWord(u8, view),
    ftw: tagWord(u8),
    fop: view.getUint32(LAYOUT.fop, true) & 0x7ff,
    fip: view.getUint32(LAYOUT.fip, true),
    fcs: view.getUint32(LAYOUT.fcs, true) & 0xffff,
    fdp: view.getUint32(LAYOUT.fdp, true),
    fds: view.getUint32(LAYOUT.fds, true) & 0xffff,
    st,
  };
}

export function statusWord(u8: Uint8Array, view: DataView): number {
  return (view.getUint16(LAYOUT.fsw, true) & ~0x3800) | ((u8[LAYOUT.fpuTop]! & 7) << 11);
}

/** Two bits a physical register: 0 valid, 1 zero, 2 special, 3 empty (SDM vol. 1, 8.1.7). */
function tagWord(u8: Uint8Array): number {
  let tags = 0;
  for (let i = 0; i < 8; i++) {
    const at = LAYOUT.st + 16 * i;
    const mantissa = u8.subarray(at, at + 8);
    const exponent = (u8[at + 8]! | (u8[at + 9]! << 8)) & 0x7fff;
    let tag = 0;
    if ((u8[LAYOUT.fpuEmpty]! >> i) & 1) tag = 3;
    else if (exponent === 0 && mantissa.every((byte) => byte === 0)) tag = 1;
    else if (exponent === 0 || exponent === 0x7fff || (mantissa[7]! & 0x80) === 0) tag = 2;
    tags |= tag << (2 * i);
  }
  return tags;
}
