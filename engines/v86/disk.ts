/**
 * A disk of the machine: a base that is never written, and over it what the guest wrote. Reading the base may fail,
 * which is an input of the machine: while recording, the source says how much can be read; while replaying, the log.
 */
import { DRIVES, sectorBytes, type DriveName } from '../../formats/disks.js';
import { Overlay, SECTOR_BYTES } from '../../formats/overlay.js';

/** Where the bytes of a base image come from. */
export interface DiskSource {
  /** Bytes of the image. */
  readonly size: number;
  /** How many of its bytes can still be had, from the first on: `size` unless the image was cut or changed. */
  readable(): number;
  /** The bytes, or null when they cannot be had any more. Within `size`. */
  read(offset: number, length: number): Uint8Array | null;
}

/** From read number `read` on, only the first `bytes` of the base can be had. */
export interface DiskLoss {
  drive: DriveName;
  /** Reads of this drive since the machine started, the first is 0. */
  read: number;
  bytes: number;
}

/** As the input channel `disk-size` has it: number of the drive, number of the read, bytes. */
export function lossValue({ drive, read, bytes }: DiskLoss): number[] {
  return [DRIVES.indexOf(drive), read, bytes];
}

export function lossOf([drive = 0, read = 0, bytes = 0]: ArrayLike<number> & Iterable<number>): DiskLoss {
  return { drive: DRIVES[drive]!, read, bytes };
}

export class Disk {
  readonly size: number;
  /** Is told when the source has lost bytes, during a step. */
  onLoss: (loss: DiskLoss) => void = () => undefined;
  private reads = 0;
  private limit: number;
  private readonly planned: DiskLoss[] = [];

  constructor(
    readonly drive: DriveName,
    private readonly source: DiskSource,
    readonly overlay = new Overlay(),
  ) {
    this.size = source.size;
    this.limit = source.size;
  }

  /** A loss that the log tells of. */
  plan(loss: DiskLoss): void {
    this.planned.push(loss);
  }

  /** Without counting as a read: for what is looked at between runs. */
  peek(offset: number, length: number): Uint8Array | null {
    return this.compose(-1, offset, length);
  }

  /** The bytes, or null: some of them cannot be read. */
  read(offset: number, length: number): Uint8Array | null {
    const number = this.reads++;
    for (; this.planned[0] !== undefined && this.planned[0].read <= number; this.planned.shift()) {
      this.limit = Math.min(this.limit, this.planned[0].bytes);
    }
    this.lose(number, this.source.readable());
    return this.compose(number, offset, length);
  }

  private compose(number: number, offset: number, length: number): Uint8Array | null {
    const result = new Uint8Array(length);
    const first = Math.floor(offset / SECTOR_BYTES);
    const count = Math.ceil((offset + length) / SECTOR_BYTES) - first;
    if (offset + length > this.size) return null;
    for (let i = 0; i < count;) {
      const written = this.overlay.read(first + i);
      if (written !== null) {
        place(result, offset, (first + i) * SECTOR_BYTES, written);
        i++;
        continue;
      }
      let end = i + 1;
      while (end < count && this.overlay.read(first + end) === null) end++;
      const base = this.fromBase(number, (first + i) * SECTOR_BYTES, (end - i) * SECTOR_BYTES);
      if (base === null) return null;
      place(result, offset, (first + i) * SECTOR_BYTES, base);
      i = end;
    }
    return result;
  }

  /** @returns false when a sector that is written in part cannot be read */
  write(offset: number, data: Uint8Array): boolean {
    const head = offset % SECTOR_BYTES;
    if (head === 0 && data.length % SECTOR_BYTES === 0) {
      this.overlay.write(offset / SECTOR_BYTES, data);
      return true;
    }
    const from = offset - head;
    const length = Math.ceil((head + data.length) / SECTOR_BYTES) * SECTOR_BYTES;
    const whole = this.read(from, length);
    if (whole === null) return false;
    whole.set(data, head);
    this.overlay.write(from / SECTOR_BYTES, whole);
    return true;
  }

  private fromBase(number: number, offset: number, length: number): Uint8Array | null {
    while (offset + length <= this.limit) {
      const data = this.source.read(offset, length);
      if (data !== null) return data;
      const before = this.limit;
      this.lose(number, this.source.readable());
      // What cannot be read and is yet said to be there is lost from here on.
      if (this.limit === before) this.lose(number, offset);
    }
    return null;
  }

  private lose(read: number, readable: number): void {
    const unit = sectorBytes(this.drive);
    const bytes = readable === this.size ? readable : Math.floor(readable / unit) * unit;
    if (bytes >= this.limit) return;
    this.limit = bytes;
    this.onLoss({ drive: this.drive, read, bytes });
  }
}

/** Copies what `part`, which begins at `at`, has in common with `target`, which begins at `start`. */
function place(target: Uint8Array, start: number, at: number, part: Uint8Array): void {
  const skip = Math.max(0, start - at);
  const to = Math.max(0, at - start);
  target.set(part.subarray(skip, skip + target.length - to), to);
}
