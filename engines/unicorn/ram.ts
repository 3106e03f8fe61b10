/** Regions of guest RAM, and RAM as the keyframes say it should be. */
import { DecoupleError } from '../../formats/errors.js';
import type { RamRegion } from '../../formats/state.js';

import { guarded, loadNative, type NativeExpectedRam } from './native.js';

export const PAGE_SIZE = 4096;
const FOUR_GIB = 2 ** 32;

/** Checks regions and packs them for the addon. */
export function packRegions(ram: readonly RamRegion[]): Float64Array {
  let end = 0;
  const sorted = [...ram].sort((a, b) => a.start - b.start);
  for (const { start, size } of sorted) {
    const pages = [start, size].every((value) => Number.isSafeInteger(value) && value % PAGE_SIZE === 0);
    if (!pages || size <= 0 || start < end || start + size > FOUR_GIB) {
      throw new DecoupleError(
        'relog-malformed',
        `RAM from ${start} with ${size} bytes is not whole pages, overlaps other RAM or lies above 4 GiB.`,
        'Make the relog again with `decouple relog`.',
      );
    }
    end = start + size;
  }
  if (sorted.length === 0) throw new DecoupleError('relog-malformed', 'The relog has no RAM.', 'Make it again.');
  return Float64Array.from(sorted.flatMap(({ start, size }) => [start, size]));
}

/** What RAM should be; lives outside the JavaScript heap. */
export class ExpectedRam {
  readonly native: NativeExpectedRam;

  constructor(ram: readonly RamRegion[]) {
    this.native = new (loadNative().ExpectedRam)(packRegions(ram));
  }

  /** Sets whole pages: page number n is the physical address n * 4096; `data` holds them one after the other. */
  writePages(numbers: Uint32Array, data: Uint8Array): void {
    guarded(() => this.native.writePages(numbers, data));
  }

  /** The content of a page, or null when it is not RAM. */
  readPage(number: number): Uint8Array | null {
    return this.native.readPage(number);
  }

  close(): void {
    this.native.close();
  }
}
