/**
 * The machine's only clock. Real time enters it in samples, at the start of a step and between slices; in between,
 * the k-th read is a pure function of the last sample and k. So a log needs one small number a slice, however often
 * the guest reads the time-stamp counter.
 */

/** Units of a sample in a millisecond. */
export const UNITS_PER_MS = 16;
/** How far each read moves the time, in units: about 0.24 microseconds, so that no two reads are equal. */
const UNITS_PER_READ = 1 / 256;

/** Where samples come from: the real clock while recording, the log while replaying. */
export interface SampleSource {
  /**
   * The next sample in units, at least `floor`.
   * @param floor the least whole sample that does not let time run backwards
   */
  sample(floor: number): number;
}

export class VirtualClock {
  private base: number;
  private reads = 0;

  /**
   * @param start units at which this machine's time begins
   * @param epoch milliseconds since 1970 at unit 0, for the real-time clock chip
   */
  constructor(
    private readonly source: SampleSource,
    start: number,
    private readonly epoch: number,
  ) {
    this.base = start;
  }

  /** Takes a new sample. */
  advance(): void {
    this.base = this.source.sample(Math.ceil(this.now()));
    this.reads = 0;
  }

  /** Units now, without moving the time. */
  now(): number {
    return this.base + this.reads * UNITS_PER_READ;
  }

  /** What `performance.now()` returns inside the machine: milliseconds. */
  read(): number {
    this.reads++;
    return this.now() / UNITS_PER_MS;
  }

  /** What `Date.now()` returns inside the machine: whole milliseconds since 1970. */
  date(): number {
    return this.epoch + Math.floor(this.base / UNITS_PER_MS);
  }
}
