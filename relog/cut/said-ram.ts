/** Guest RAM as a relog says it, without a simulator. Memory that nothing was said of is never touched. */
import { PAGE_BYTES, type PageTarget } from '../../formats/pages.js';
import { ShapeError } from '../../formats/shape.js';
import type { RamRegion } from '../../formats/state.js';

export class SaidRam implements PageTarget {
  readonly buffers: Buffer[];

  constructor(private readonly regions: readonly RamRegion[]) {
    this.buffers = regions.map(({ size }) => Buffer.alloc(size));
  }

  /** @throws ShapeError when a page is no RAM */
  writePages(numbers: Uint32Array, data: Uint8Array): void {
    for (const [i, number] of numbers.entries()) {
      const page = this.readPage(number);
      if (page === null) throw new ShapeError(`page ${number} is not in RAM`);
      page.set(data.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES));
    }
  }

  /** The page itself, not a copy. */
  readPage(number: number): Uint8Array | null {
    const address = number * PAGE_BYTES;
    const i = this.regions.findIndex(({ start, size }) => address >= start && address < start + size);
    if (i < 0) return null;
    const offset = address - this.regions[i]!.start;
    return this.buffers[i]!.subarray(offset, offset + PAGE_BYTES);
  }
}
