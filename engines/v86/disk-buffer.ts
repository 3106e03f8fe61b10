/** A disk as v86 takes one: an object with `load`, `get` and `set` in place of a buffer (its buffer.js). */
import { DecoupleError } from '../../formats/errors.js';
import type { Disk } from './disk.js';

export class DiskBuffer {
  readonly byteLength: number;
  /** Set by the engine before it calls `load`. */
  onload: ((event: object) => void) | undefined;
  onprogress: undefined;

  /** @param onFailure is told when the guest asked for what cannot be read; the engine then gets no answer */
  constructor(
    private readonly disk: Disk,
    private readonly onFailure: () => void,
  ) {
    this.byteLength = disk.size;
  }

  load(): void {
    this.onload?.({});
  }

  /** Answers at once, so that nothing is under way between two steps. */
  get(start: number, length: number, answer: (data: Uint8Array) => void): void {
    const data = this.disk.read(start, length);
    if (data === null) this.onFailure();
    else answer(data);
  }

  /** The partition table, which the engine looks at when the machine is put together, before its first step. */
  get_and_cache(start: number, length: number, answer: (data: Uint8Array) => void): void {
    answer(this.get_from_cache(start, length));
  }

  get_from_cache(start: number, length: number): Uint8Array {
    const data = this.disk.peek(start, length);
    if (data !== null) return data;
    throw new DecoupleError(
      'disk-differs',
      `The image of ${this.disk.drive} was changed before the machine started.`,
      'Leave disk images alone while they are in use, and run this again.',
    );
  }

  set(start: number, data: Uint8Array, done: () => void): void {
    if (this.disk.write(start, data)) done();
    else this.onFailure();
  }

  /** The engine's states hold no disk contents: overlays are kept apart. */
  get_state(): unknown[] {
    return [];
  }

  set_state(): void {
    return;
  }
}
