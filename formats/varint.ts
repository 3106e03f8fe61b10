/** LEB128 unsigned integers (DWARF 5, 7.6): the clock's samples are millions of small numbers. */
export class VarintWriter {
  private buffer = Buffer.allocUnsafe(4096);
  private length = 0;

  push(value: number): void {
    if (this.length + 8 > this.buffer.length)
      this.buffer = Buffer.concat([this.buffer, Buffer.allocUnsafe(this.buffer.length)]);
    let rest = value;
    while (rest >= 0x80) {
      this.buffer[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.buffer[this.length++] = rest;
  }

  get bytes(): number {
    return this.length;
  }

  /** Everything pushed since the last take. */
  take(): Uint8Array {
    const taken = Uint8Array.from(this.buffer.subarray(0, this.length));
    this.length = 0;
    return taken;
  }
}

export class VarintReader {
  private at = 0;
  constructor(private readonly bytes: Uint8Array) {}

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  /** @throws RangeError past the end, or when a number does not fit in 53 bits */
  next(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      if (this.at >= this.bytes.length || scale > 2 ** 49) throw new RangeError('varint runs past the end');
      const byte = this.bytes[this.at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }
}
