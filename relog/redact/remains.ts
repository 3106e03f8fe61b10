/**
 * Looks for what was replaced in what is written: a device may have given it back to the guest, from a disk or an echo,
 * and no filler is put there. Of each payload the first bytes are looked for, if there are enough and they say something.
 */
import type { Payload } from './payload.js';

export const SAMPLE_BYTES = 16;
const LEAST_DIFFERENT = 6;

export interface Remain {
  payload: Payload;
  /** Where it was first found again: in an event before this position, or in RAM there. */
  position: number;
  where: 'events' | 'pages';
}

export class Remains {
  readonly found: Remain[] = [];
  private readonly bySample = new Map<string, Payload>();
  /** By their first two bytes, those that samples begin with. */
  private readonly beginnings = new Uint8Array(0x10000);

  constructor(replaced: readonly Payload[], kept: Iterable<Payload>) {
    for (const payload of replaced) {
      const sample = payload.sample === null ? null : Buffer.from(payload.sample);
      if (sample === null || new Set(sample).size < LEAST_DIFFERENT) continue;
      this.bySample.set(sample.toString('latin1'), payload);
      this.beginnings[sample.readUInt16LE(0)] = 1;
    }
    for (const { sample } of kept) if (sample !== null) this.bySample.delete(Buffer.from(sample).toString('latin1'));
  }

  /** What was in RAM at the start is none of what came in. */
  forget(bytes: Uint8Array): void {
    this.each(bytes, (sample) => this.bySample.delete(sample));
  }

  look(bytes: Uint8Array, position: number, where: Remain['where']): void {
    this.each(bytes, (sample, payload) => {
      this.found.push({ payload, position, where });
      this.bySample.delete(sample);
    });
  }

  private each(bytes: Uint8Array, found: (sample: string, payload: Payload) => void): void {
    if (this.bySample.size === 0) return;
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const { beginnings } = this;
    for (let at = 0; at + SAMPLE_BYTES <= buffer.length; at++) {
      if (beginnings[buffer[at]! | (buffer[at + 1]! << 8)] !== 1) continue;
      const sample = buffer.toString('latin1', at, at + SAMPLE_BYTES);
      const payload = this.bySample.get(sample);
      if (payload !== undefined) found(sample, payload);
    }
  }
}
