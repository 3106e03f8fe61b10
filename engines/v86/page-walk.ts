/** Linear to physical addresses by the page tables in RAM, touching nothing (SDM vol. 3A, chapter 4). */
import { LAYOUT } from './layout.js';

const EDI = 7;
/** No instruction and element are longer. */
const NEAR = 64;
const PAGE_SHIFT = 12;
const CR0_PG = 0x80000000;
const CR4_PSE = 0x10;
const CR4_PAE = 0x20;

/** @returns the physical address, or null when nothing is mapped there */
export function translate(memory: ArrayBuffer, ram: Uint8Array, linear: number): number | null {
  const registers = new Uint32Array(memory, LAYOUT.cr, 5);
  const [cr0, , , cr3, cr4] = registers as unknown as [number, number, number, number, number];
  if ((cr0 & CR0_PG) === 0) return linear;
  const view = new DataView(ram.buffer, ram.byteOffset, ram.byteLength);
  const u32 = (address: number): number => (address + 4 <= view.byteLength ? view.getUint32(address, true) : 0);
  if ((cr4 & CR4_PAE) !== 0) return translatePae(u32, cr3, linear);
  const directory = u32((cr3 & 0xfffff000) + (linear >>> 22) * 4);
  if ((directory & 1) === 0) return null;
  if ((directory & 0x80) !== 0 && (cr4 & CR4_PSE) !== 0) return ((directory & 0xffc00000) | (linear & 0x3fffff)) >>> 0;
  const table = u32(((directory & 0xfffff000) >>> 0) + ((linear >>> 12) & 0x3ff) * 4);
  if ((table & 1) === 0) return null;
  return ((table & 0xfffff000) | (linear & 0xfff)) >>> 0;
}

function translatePae(u32: (address: number) => number, cr3: number, linear: number): number | null {
  const pointer = u32(((cr3 & 0xffffffe0) >>> 0) + (linear >>> 30) * 8);
  if ((pointer & 1) === 0) return null;
  const directory = u32(((pointer & 0xfffff000) >>> 0) + ((linear >>> 21) & 0x1ff) * 8);
  if ((directory & 1) === 0) return null;
  if ((directory & 0x80) !== 0) return ((directory & 0xffe00000) | (linear & 0x1fffff)) >>> 0;
  const table = u32(((directory & 0xfffff000) >>> 0) + ((linear >>> 12) & 0x1ff) * 8);
  if ((table & 1) === 0) return null;
  return ((table & 0xfffff000) | (linear & 0xfff)) >>> 0;
}

/**
 * Whether a string instruction that is partly done stores near itself: to the memory that it stands in, by whatever page. That the offsets
 * within the pages are near is known already, and happens by chance in many a copy.
 */

export function storesNearItself(memory: ArrayBuffer, ram: Uint8Array): boolean {
  const view = new DataView(memory);
  const target = view.getUint32(LAYOUT.segmentBase, true) + view.getUint32(LAYOUT.gpr + 4 * EDI, true);
  const eip = view.getUint32(LAYOUT.eip, true);
  const pages = (...linear: number[]): (number | null)[] =>
    linear.map((address) => {
      const physical = translate(memory, ram, address >>> 0);
      return physical === null ? null : physical >>> PAGE_SHIFT;
    });
  const code = pages(eip, eip + NEAR);
  return pages(target - NEAR, target, target + NEAR).some((page) => page !== null && code.includes(page));
}
