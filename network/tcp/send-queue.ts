/**
 * Bytes on their way, in order. Small pieces are put together in blocks: a byte that comes alone must not cost a hundred, as
 * there can be very many.
 */

/** Pieces from this size on are kept as they come. */
const BLOCK_BYTES = 16 << 10;
/** A block begins small, and doubles when it is full. */
const FIRST_BLOCK_BYTES = 64;

export class SendQueue {
  private readonly chunks: Buffer[] = [];
  private bytes = 0;
  /** What the last chunk is the used part of, when there is room behind it. */
  private block: { bytes: Buffer; used: number } | null = null;

  get length(): number {
    return this.bytes;
  }

  /** How many pieces of memory hold the bytes. */
  get pieces(): number {
    return this.chunks.length;
  }

  /** Keeps `chunk` itself: it must not change any more. */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.bytes += chunk.length;
    if (chunk.length < BLOCK_BYTES) return this.append(chunk);
    this.chunks.push(chunk);
    this.block = null;
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
    if (this.bytes === 0) this.block = null;
  }

  /** Takes the first `count` bytes out, or all when there are fewer. */
  take(count: number): Buffer {
    const taken = this.read(0, Math.min(count, this.bytes));
    this.drop(taken.length);
    return taken;
  }

  private append(chunk: Buffer): void {
    if (this.block === null || this.block.used + chunk.length > this.block.bytes.length) this.makeRoom(chunk.length);
    const { bytes, used } = this.block!;
    const last = this.chunks.at(-1)!;
    chunk.copy(bytes, used);
    this.block!.used += chunk.length;
    this.chunks[this.chunks.length - 1] = bytes.subarray(used - last.length, used + chunk.length);
  }

  /** Moves what the block holds to one of twice the size, or begins another one when it has its full size. */
  private makeRoom(room: number): void {
    const last = this.block === null ? null : this.chunks.at(-1)!;
    const moved = last !== null && last.length + room <= BLOCK_BYTES ? last : null;
    const used = moved?.length ?? 0;
    const size = Math.min(BLOCK_BYTES, Math.max(FIRST_BLOCK_BYTES, 2 * (used + room)));
    const bytes = Buffer.allocUnsafeSlow(size);
    moved?.copy(bytes);
    const chunk = bytes.subarray(0, used);
    if (moved === null) this.chunks.push(chunk);
    else this.chunks[this.chunks.length - 1] = chunk;
    this.block = { bytes, used };
  }
}
