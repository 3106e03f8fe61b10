/** Numbers and texts of 9P messages: little-endian, texts with their length in two bytes before them. */

export class WireReader {
  private at = 0;
  private readonly view: DataView;

  constructor(private readonly message: Uint8Array) {
    this.view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  }

  u8(): number {
    return this.view.getUint8(this.advance(1));
  }

  u16(): number {
    return this.view.getUint16(this.advance(2), true);
  }

  u32(): number {
    return this.view.getUint32(this.advance(4), true);
  }

  /** Values beyond 2^53 lose their lowest bits; no file here is that long. */
  u64(): number {
    return Number(this.view.getBigUint64(this.advance(8), true));
  }

  text(): string {
    return new TextDecoder().decode(this.bytes(this.u16()));
  }

  bytes(length: number): Uint8Array {
    const at = this.advance(length);
    return this.message.subarray(at, at + length);
  }

  /** @throws RangeError when the message is too short */
  private advance(length: number): number {
    const at = this.at;
    if (at + length > this.message.length) throw new RangeError('the message is too short');
    this.at += length;
    return at;
  }
}

export class WireWriter {
  private readonly parts: Uint8Array[] = [];
  length = 0;

  u8(value: number): this {
    return this.bytes(Uint8Array.of(value));
  }

  u16(value: number): this {
    return this.bytes(Uint8Array.of(value, value >> 8));
  }

  u32(value: number): this {
    return this.bytes(Uint8Array.of(value, value >> 8, value >> 16, value >> 24));
  }

  u64(value: number): this {
    return this.u32(value % 2 ** 32).u32(Math.floor(value / 2 ** 32));
  }

  text(value: string): this {
    const bytes = new TextEncoder().encode(value);
    return this.u16(bytes.length).bytes(bytes);
  }

  bytes(value: Uint8Array): this {
    this.parts.push(value);
    this.length += value.length;
    return this;
  }

  done(): Uint8Array {
    return Buffer.concat(this.parts);
  }
}
