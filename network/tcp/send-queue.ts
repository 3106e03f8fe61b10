/** Bytes that were sent and not acknowledged, or not yet sent, in order. */
export class SendQueue {
  private readonly chunks: Buffer[] = [];
  private bytes = 0;

  get length(): number {
    return this.bytes;
  }

  /** Keeps `chunk` itself: it must not change any more. */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.chunks.push(chunk);
    this.bytes += chunk.length;
  }

  /** A copy of `length` bytes from `offset` on; both must lie within. */
  read(offset: number, length: number): Buffer {
    const result = Buffer.allocUnsafe(length);
    let at = 0;
    let skip = offset;
    for (const chunk of this.chunks) {
      if (at === length) break;
      if (skip >= chunk.length) {
        skip -= chunk.length;
        continue;
      }
      at += chunk.copy(result, at, skip, Math.min(chunk.length, skip + length - at));
      skip = 0;
    }
    if (at < length) throw new RangeError(`the queue holds ${this.bytes} bytes, not ${offset} + ${length}`);
    return result;
  }

  /** Forgets the first `count` bytes. */
  drop(count: number): void {
    if (count > this.bytes) throw new RangeError(`the queue holds ${this.bytes} bytes, not ${count}`);
    this.bytes -= count;
    let rest = count;
    while (rest > 0) {
      const first = this.chunks[0]!;
      if (rest < first.length) {
        this.chunks[0] = first.subarray(rest);
        return;
      }
      rest -= first.length;
      this.chunks.shift();
    }
  }
}
