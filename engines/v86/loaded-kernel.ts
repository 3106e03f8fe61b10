/**
 * A kernel in bzImage format, and its initrd: v86 puts them into RAM once, before the machine starts, where its boot
 * loader expects them. A guest that resets has long used that memory; so they are put there again, as a boot loader would.
 */
import type { EngineExports } from './seam.js';

const PAGE_BYTES = 4096;
/** From here to 1 MB lie devices and firmware, which a reset loads by itself. */
const LOW_MEMORY_END = 0xa0000;
const HIGH_MEMORY = 0x100000;

export class LoadedKernel {
  private readonly runs: { start: number; data: Uint8Array }[] = [];

  /** @param ram of a machine that has not run yet */
  constructor(ram: Buffer) {
    const zeros = Buffer.alloc(PAGE_BYTES);
    const used = (page: number): boolean => !ram.subarray(page, page + PAGE_BYTES).equals(zeros);
    for (let start = 0; start < ram.length;) {
      let end = start;
      while (end < ram.length && (end < LOW_MEMORY_END || end >= HIGH_MEMORY) && used(end)) end += PAGE_BYTES;
      if (end > start) this.runs.push({ start, data: Uint8Array.from(ram.subarray(start, end)) });
      start = end + PAGE_BYTES;
    }
  }

  /** @param exports by which devices tell what they change */
  load(exports: EngineExports, ram: Buffer): void {
    for (const { start, data } of this.runs) {
      exports.jit_dirty_cache!(start, start + data.length);
      ram.set(data, start);
    }
  }
}
