import type { DiskSource } from '../../engines/v86/index.js';

/** A base image that is part of the recording: a floppy. */
export class MemoryImage implements DiskSource {
  constructor(private readonly bytes: Uint8Array) {}

  get size(): number {
    return this.bytes.length;
  }

  readable(): number {
    return this.bytes.length;
  }

  read(offset: number, length: number): Uint8Array {
    return this.bytes.subarray(offset, offset + length);
  }
}
