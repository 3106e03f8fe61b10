/** Where the frames of a container are: what opening one in the middle needs. */

/** What is known of a frame without unpacking it. */
export interface FrameEntry {
  kind: number;
  /** Where its header begins, bytes from the beginning of the file. */
  offset: number;
  /** Bytes it takes in the file. */
  fileBytes: number;
  reach: bigint;
  /** Of its header; reading the frame after it begins with this. */
  headerCrc: number;
}

/** Frames of a file by number, in the order of the file. Takes 29 bytes of memory a frame. */
export class FrameTable {
  private kinds = new Uint8Array(64);
  private offsets = new Float64Array(64);
  private sizes = new Float64Array(64);
  private reaches = new BigUint64Array(64);
  private crcs = new Uint32Array(64);
  /** Frames. */
  length = 0;

  push(entry: FrameEntry): void {
    if (this.length === this.kinds.length) this.grow();
    this.kinds[this.length] = entry.kind;
    this.offsets[this.length] = entry.offset;
    this.sizes[this.length] = entry.fileBytes;
    this.reaches[this.length] = entry.reach;
    this.crcs[this.length++] = entry.headerCrc;
  }

  /** @throws RangeError when there is no such frame */
  at(number: number): FrameEntry {
    if (!(number >= 0 && number < this.length)) throw new RangeError(`there is no frame ${number}`);
    return {
      kind: this.kinds[number]!,
      offset: this.offsets[number]!,
      fileBytes: this.sizes[number]!,
      reach: this.reaches[number]!,
      headerCrc: this.crcs[number]!,
    };
  }

  /** Number of the last frame of a kind that reaches no further than `reach`, or -1. Reaches must not fall. */
  lastBefore(kind: number, reach: bigint): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.reaches[middle]! <= reach) low = middle + 1;
      else high = middle;
    }
    for (let number = low - 1; number >= 0; number--) if (this.kinds[number] === kind) return number;
    return -1;
  }

  /** Numbers of all frames of a kind. */
  *ofKind(kind: number): Generator<number> {
    for (let number = 0; number < this.length; number++) if (this.kinds[number] === kind) yield number;
  }

  private grow(): void {
    const bigger = 2 * this.length;
    const moved = <T extends { set(from: T): void }>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    this.kinds = moved(new Uint8Array(bigger), this.kinds);
    this.offsets = moved(new Float64Array(bigger), this.offsets);
    this.sizes = moved(new Float64Array(bigger), this.sizes);
    this.reaches = moved(new BigUint64Array(bigger), this.reaches);
    this.crcs = moved(new Uint32Array(bigger), this.crcs);
  }
}
