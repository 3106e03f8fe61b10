/** The page walk, without side effects (SDM vol. 3A, 4.3 and 4.4). */

export interface PagingState {
  cr0: number;
  cr3: number;
  cr4: number;
}

/** Reads `size` bytes (4 or 8) of physical memory as a number; null outside RAM. Of 8 bytes, the lower 52 bits count. */
export type ReadEntry = (address: number, size: 4 | 8) => number | null;

const PG = 2 ** 31;
const PSE = 0x10;
const PAE = 0x20;
const PRESENT = 1;
const LARGE = 0x80;

/** The physical address of a linear one, null when it is not mapped. */
export function walk(state: PagingState, linear: number, read: ReadEntry): number | null {
  if ((state.cr0 & PG) === 0) return linear;
  return state.cr4 & PAE ? walkPae(state, linear, read) : walkTwoLevels(state, linear, read);
}

function walkTwoLevels(state: PagingState, linear: number, read: ReadEntry): number | null {
  const directory = page(state.cr3);
  const entry = read(directory + (linear >>> 22) * 4, 4);
  if (entry === null || (entry & PRESENT) === 0) return null;
  if (entry & LARGE && state.cr4 & PSE) return (entry & 0xffc00000 | linear & 0x3fffff) >>> 0;
  const table = read(page(entry) + ((linear >>> 12) & 0x3ff) * 4, 4);
  if (table === null || (table & PRESENT) === 0) return null;
  return page(table) + (linear & 0xfff);
}

function walkPae(state: PagingState, linear: number, read: ReadEntry): number | null {
  const pointer = read(((state.cr3 & ~0x1f) >>> 0) + (linear >>> 30) * 8, 8);
  if (pointer === null || pointer % 2 === 0) return null;
  const entry = read(page(pointer) + ((linear >>> 21) & 0x1ff) * 8, 8);
  if (entry === null || entry % 2 === 0) return null;
  if (entry & LARGE) return entry - (entry % 0x200000) + (linear & 0x1fffff);
  const table = read(page(entry) + ((linear >>> 12) & 0x1ff) * 8, 8);
  if (table === null || table % 2 === 0) return null;
  return page(table) + (linear & 0xfff);
}

/** The page an entry points to: works for numbers beyond 32 bits, too. */
function page(entry: number): number {
  return entry - (entry % 0x1000);
}
