/**
 * What was written to a disk since its base image: sectors by number, kept in chunks of 4 KiB with one bit a sector.
 * Takes memory for what is written alone, at most a chunk a sector.
 */
import { crc32 } from './checksum.js';

export const SECTOR_BYTES = 512;
const CHUNK_SECTORS = 8;
const CHUNK_BYTES = CHUNK_SECTORS * SECTOR_BYTES;

interface Chunk {
  data: Uint8Array;
  /** Bit n: sector n of the chunk is written. */
  written: number;
}

/** Neighbouring sectors that are written, the first of them by number. */
export interface OverlayRun {
  sector: number;
  data: Uint8Array;
}

export class Overlay {
  private readonly chunks = new Map<number, Chunk>();
  /** Sectors written. */
  sectors = 0;

  /** Whole sectors from `sector` on. */
  write(sector: number, data: Uint8Array): void {
    for (let at = 0; at < data.length; at += SECTOR_BYTES, sector++) {
      const chunk = this.chunkFor(Math.floor(sector / CHUNK_SECTORS));
      const place = sector % CHUNK_SECTORS;
      chunk.data.set(data.subarray(at, at + SECTOR_BYTES), place * SECTOR_BYTES);
      if ((chunk.written & (1 << place)) === 0) this.sectors++;
      chunk.written |= 1 << place;
    }
  }

  /** The sector's bytes, or null when it was never written. Valid until the next write. */
  read(sector: number): Uint8Array | null {
    const chunk = this.chunks.get(Math.floor(sector / CHUNK_SECTORS));
    const place = sector % CHUNK_SECTORS;
    if (chunk === undefined || (chunk.written & (1 << place)) === 0) return null;
    return chunk.data.subarray(place * SECTOR_BYTES, (place + 1) * SECTOR_BYTES);
  }

  /**
   * All that is written, in the order of sectors: the same content gives the same runs.
   * @param maxBytes bytes of a run at most, a multiple of the sector
   */
  *runs(maxBytes = 1 << 20): Generator<OverlayRun> {
    let run: { sector: number; parts: Uint8Array[] } | null = null;
    for (const index of [...this.chunks.keys()].sort((a, b) => a - b)) {
      for (let sector = index * CHUNK_SECTORS; sector < (index + 1) * CHUNK_SECTORS; sector++) {
        const data = this.read(sector);
        if (data === null) continue;
        const follows = run !== null && sector === run.sector + run.parts.length;
        if (run !== null && (!follows || run.parts.length * SECTOR_BYTES >= maxBytes)) {
          yield { sector: run.sector, data: Buffer.concat(run.parts) };
          run = null;
        }
        if (run === null) run = { sector, parts: [data] };
        else run.parts.push(data);
      }
    }
    if (run !== null) yield { sector: run.sector, data: Buffer.concat(run.parts) };
  }

  /** CRC-32 over sector numbers and contents. */
  crc(): number {
    let crc = 0;
    const number = Buffer.alloc(8);
    for (const { sector, data } of this.runs(SECTOR_BYTES)) {
      number.writeDoubleLE(sector);
      crc = crc32(data, crc32(number, crc));
    }
    return crc;
  }

  private chunkFor(index: number): Chunk {
    let chunk = this.chunks.get(index);
    if (chunk === undefined) {
      chunk = { data: new Uint8Array(CHUNK_BYTES), written: 0 };
      this.chunks.set(index, chunk);
    }
    return chunk;
  }
}
