/**
 * The sending half of a TCP connection once it is open: keeps what is not acknowledged, sends it as the other side's
 * window and the congestion window allow, and again when it got lost. Positions are counted from the first byte of
 * data, without wrapping; the FIN takes the place after the last byte.
 */
import type { Timers } from '../timers.js';
import { Congestion } from './congestion.js';
import { RoundTrip } from './round-trip.js';
import { SendQueue } from './send-queue.js';

/** After so many timeouts in a row the other side is taken for dead (RFC 1122, 4.2.3.5: at least 100 s). */
const MAX_TIMEOUTS = 8;

export interface SenderOptions {
  timers: Timers;
  /** Bytes of data in a full segment. */
  mss: number;
  /** Bytes that may be on their way whatever the windows say: what the card's ring takes. */
  maxOnItsWay: number;
  /** Sends a segment. */
  emit(at: number, data: Buffer, fin: boolean): void;
  /** The other side does not answer any more. */
  dead(): void;
}

export class Sender {
  /** All before this is acknowledged. */
  private acknowledged = 0;
  private next = 0;
  /** All before this was sent at least once. */
  private top = 0;
  /** Bytes written in all. */
  private end = 0;
  private finished = false;
  private window: number;
  private timeouts = 0;
  private cancelTimer: (() => void) | null = null;
  /** A segment whose round trip is being measured. */
  private timed: { end: number; since: number } | null = null;
  private readonly queue = new SendQueue();
  private readonly congestion: Congestion;
  private readonly roundTrip = new RoundTrip();

  /** @param window of the other side, in bytes */
  constructor(
    private readonly options: SenderOptions,
    window: number,
  ) {
    this.window = window;
    this.congestion = new Congestion(options.mss);
  }

  /** Bytes that are not acknowledged. */
  get waiting(): number {
    return this.queue.length;
  }

  /** The position that comes next in a segment without data. */
  get position(): number {
    return this.next;
  }

  /** Everything including the FIN is acknowledged. */
  get done(): boolean {
    return this.finished && this.acknowledged === this.end + 1;
  }

  write(data: Buffer): void {
    if (this.finished) throw new Error('written after the end');
    this.queue.push(data);
    this.end += data.length;
    this.transmit();
  }

  finish(): void {
    if (this.finished) return;
    this.finished = true;
    this.transmit();
  }

  /**
   * @param difference from the oldest position not acknowledged to what the segment acknowledges, with its sign
   * @param bare the segment has no data, SYN or FIN: it may be a duplicate that tells of a loss
   */
  acknowledge(difference: (position: number) => number, window: number, bare: boolean): void {
    const bytes = difference(this.acknowledged);
    const onItsWay = this.next - this.acknowledged;
    if (bytes < 0 || this.acknowledged + bytes > this.top) return;
    let again = false;
    if (bytes > 0) {
      this.progress(bytes);
      again = this.congestion.acknowledged(bytes, this.acknowledged) && this.acknowledged < this.top;
    } else if (bare && onItsWay > 0 && window === this.window && window > 0) {
      again = this.congestion.duplicate(onItsWay, this.top);
    }
    this.window = window;
    // A closed window is asked about for as long as the other side answers (RFC 9293, 3.8.6.1).
    if (window === 0) this.timeouts = 0;
    if (again) this.emit(this.acknowledged);
    this.transmit();
  }

  stop(): void {
    this.cancelTimer?.();
    this.cancelTimer = null;
  }

  private progress(bytes: number): void {
    this.queue.drop(Math.min(bytes, this.queue.length));
    this.acknowledged += bytes;
    this.next = Math.max(this.next, this.acknowledged);
    this.timeouts = 0;
    if (this.timed !== null && this.acknowledged >= this.timed.end) {
      this.roundTrip.measured(this.options.timers.now() - this.timed.since);
      this.timed = null;
    }
    this.stop();
  }

  private transmit(): void {
    const { mss, maxOnItsWay } = this.options;
    const allowed = Math.min(this.window, this.congestion.window, maxOnItsWay);
    for (;;) {
      const onItsWay = this.next - this.acknowledged;
      const left = this.end - this.next;
      const length = Math.min(mss, left, allowed - onItsWay);
      // No small segment while others are on their way (RFC 1122, 4.2.3.4), but the last one.
      if (left > 0 ? length <= 0 || (length < mss && length < left && onItsWay > 0) : !this.finIsNext()) break;
      this.next += this.emit(this.next, length);
      this.top = Math.max(this.top, this.next);
    }
    this.arm();
  }

  private finIsNext(): boolean {
    return this.finished && this.next === this.end;
  }

  /** @returns how many positions the segment takes */
  private emit(at: number, limit = this.options.mss): number {
    const length = Math.max(0, Math.min(this.options.mss, limit, this.end - at));
    const fin = this.finished && at + length === this.end;
    const taken = length + (fin ? 1 : 0);
    // Karn's algorithm: nothing is measured by a segment that was sent twice.
    if (at < this.top) this.timed = null;
    else this.timed ??= { end: at + taken, since: this.options.timers.now() };
    this.options.emit(at, this.queue.read(at - this.acknowledged, length), fin);
    return taken;
  }

  /** The timer runs while something is on its way, and while the other side's window keeps something back. */
  private arm(): void {
    const needed = this.next > this.acknowledged || this.end > this.next;
    if (!needed) this.stop();
    else this.cancelTimer ??= this.options.timers.after(this.roundTrip.timeout, () => this.timeout());
  }

  private timeout(): void {
    this.cancelTimer = null;
    if (++this.timeouts > MAX_TIMEOUTS) return this.options.dead();
    this.roundTrip.backOff();
    const closed = this.window === 0;
    if (!closed) this.congestion.timedOut(this.next - this.acknowledged);
    this.next = this.acknowledged;
    const taken = this.emit(this.next, closed ? 1 : this.options.mss);
    this.top = Math.max(this.top, this.next + taken);
    // A closed window need not have taken the byte that asked.
    if (!closed) this.next += taken;
    this.arm();
  }
}
