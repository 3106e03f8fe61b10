/** States to run FPU instructions in: numbers at the borders of what formats hold, all settings, any tags. */
import type { OracleRecord } from './fpu-oracle.js';
import { ORACLE } from './fpu-oracle.js';

/** A generator of numbers below 1 with a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const SIGNIFICANDS = [
  0x8000000000000000n,
  0x8000000000000001n,
  0xc000000000000000n,
  0xc000000000000001n,
  0xffffffffffffffffn,
  0x4000000000000000n,
  0x7fffffffffffffffn,
  1n,
  0n,
  0xc90fdaa22168c235n,
  0x80000000000003ffn,
  0x8000000000000400n,
  0xfffffffffffffc00n,
  0xfffffffffffff800n,
  0x8000008000000000n,
  0xffffff8000000000n,
  0xaaaaaaaaaaaaaaaan,
];
/** Around those of single, double and extended precision, and of integers. */
const EXPONENTS = [
  0, 0, 1, 2, 0x3fff, 0x3ffe, 0x3ffd, 0x4000, 0x4001, 0x3f80, 0x3f81, 0x3f6a, 0x3f69, 0x3bcd, 0x3bce, 0x3c01, 0x3c00,
  0x407e, 0x407f, 0x43fe, 0x43ff, 0x400d, 0x400e, 0x400f, 0x401d, 0x401e, 0x401f, 0x403a, 0x403b, 0x403d, 0x403e,
  0x403f, 0x7ffe, 0x7fff, 0x7fff, 0x6000, 0x2000, 0x1fff, 0x5fff,
];
const SINGLES = [
  0, 1, 0x7fffff, 0x800000, 0x800001, 0x3f800000, 0x3f800001, 0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fc00000,
  0x7fc55555, 0x7fbfffff, 0x4effffff, 0x4f000000, 0x34000000, 0x0c000000, 0x00400000, 0x42fe0000, 0x3eaaaaab,
  0x46fffe00, 0x5f000000,
];
const DOUBLES = [
  0n,
  1n,
  0xfffffffffffffn,
  0x10000000000000n,
  0x3ff0000000000000n,
  0x3ff0000000000001n,
  0x7fefffffffffffffn,
  0x7ff0000000000000n,
  0x7ff0000000000001n,
  0x7ff8000000000000n,
  0x7ff8000000001111n,
  0x41dfffffffc00000n,
  0x41e0000000000000n,
  0x41e0000000200000n,
  0x3810000000000000n,
  0x380fffffffffffffn,
  0x36a0000000000000n,
  0x47efffffe0000000n,
  0x47effffff0000000n,
  0x3fd5555555555555n,
  0x0000000080000000n,
];
const WORDS = [0, 1, 0xffff, 0x7fff, 0x8000, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe, 0x01000001, 0x12345678];

export class FpuStates {
  constructor(private readonly random: () => number) {}

  /** Fills a record for a slot. */
  fill(record: OracleRecord, slot: number): void {
    record.slot = slot;
    record.eflags = 0x202 | (this.below(2) ? this.below(0x1000) & 0x8d5 : 0);
    for (const index of [0, 2, 3]) record.setGpr(index, this.word());
    record.setGpr(1, 8 * this.below(3));
    record.setGpr(6, ORACLE.memory);
    record.setGpr(7, ORACLE.memory + 0x40);
    this.fillMemory(record.memory);
    this.fillImage(record.image);
  }

  private fillMemory(memory: Uint8Array): void {
    const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
    for (let at = 0; at < memory.length; at += 16) {
      switch (this.below(5)) {
        case 0:
          for (let i = 0; i < 16; i += 4) view.setUint32(at + i, this.single(), true);
          break;
        case 1:
          for (let i = 0; i < 16; i += 8) view.setBigUint64(at + i, this.double(), true);
          break;
        case 2:
          this.writeExtended(memory, at);
          break;
        case 3:
          for (let i = 0; i < 16; i += 4) view.setUint32(at + i, this.word(), true);
          break;
        default:
          // Decimal digits, a sign, and what LDMXCSR and FLDCW can load.
          for (let i = 0; i < 9; i++) memory[at + i] = this.below(10) | (this.below(10) << 4);
          memory[at + 9] = this.below(2) << 7;
          view.setUint32(at, this.mxcsr(), true);
      }
    }
    // An image for FXRSTOR must have a valid MXCSR.
    for (const at of [0, 0x10, 0x20, 0x30, 0x40]) if (this.below(8) !== 0) view.setUint32(at + 24, this.mxcsr(), true);
  }

  private fillImage(image: Uint8Array): void {
    const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
    const masked = this.below(4) !== 0;
    const control = 0x40 | (this.below(4) << 8) | (this.below(4) << 10) | (masked ? 0x3f : this.below(0x40));
    // Exceptions pend now and then.
    const flags = this.below(8) === 0 ? this.below(0x80) : this.below(0x80) & (control | 0x40);
    view.setUint16(0, control, true);
    view.setUint16(2, (this.below(8) << 11) | (this.below(2) ? 0 : this.below(0x10000) & 0x4700) | flags, true);
    image[4] = [0xff, 0, this.below(0x100), 0xff, this.below(0x100), 0xff & ~(1 << this.below(8))][this.below(6)]!;
    view.setUint32(24, this.mxcsr(), true);
    for (let i = 0; i < 8; i++) this.writeExtended(image, 32 + 16 * i);
    for (let i = 0; i < 8; i++) {
      const single = this.below(2) === 0;
      for (let at = 160 + 16 * i, end = at + 16; at < end; at += single ? 4 : 8) {
        if (single) view.setUint32(at, this.single(), true);
        else view.setBigUint64(at, this.double(), true);
      }
    }
  }

  private mxcsr(): number {
    const masks = this.below(4) === 0 ? this.below(0x40) << 7 : 0x1f80;
    const control = this.below(2) === 0 ? 0 : (this.below(4) << 13) | (this.below(2) << 15) | (this.below(2) << 6);
    return masks | control | (this.below(2) === 0 ? 0 : this.below(0x40));
  }

  private writeExtended(bytes: Uint8Array, at: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const near = this.below(4) === 0 ? 0x3fff - 40 + this.below(100) : this.pick(EXPONENTS);
    const significand =
      this.below(3) === 0 ? this.random64() | (BigInt(this.below(2)) << 63n) : this.pick(SIGNIFICANDS);
    // Mostly numbers that are normalised; what they are not is a case of its own.
    const normal = near !== 0 && this.below(6) !== 0;
    view.setBigUint64(at, normal ? significand | 0x8000000000000000n : significand, true);
    view.setUint16(at + 8, near | (this.below(2) << 15), true);
  }

  private single(): number {
    const value = this.below(3) === 0 ? this.below(2 ** 32) : this.pick(SINGLES);
    return (value | (this.below(2) << 31)) >>> 0;
  }

  private double(): bigint {
    const value = this.below(3) === 0 ? this.random64() : this.pick(DOUBLES);
    return value | (BigInt(this.below(2)) << 63n);
  }

  private word(): number {
    return this.below(2) === 0 ? this.below(2 ** 32) : this.pick(WORDS);
  }

  private random64(): bigint {
    return (BigInt(this.below(2 ** 32)) << 32n) | BigInt(this.below(2 ** 32));
  }

  private below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  private pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}
