/**
 * The receiving half of a TCP connection: hands on what comes in order, and says how much room there is. What comes out
 * of order is dropped, to be sent again: frames of a guest do not overtake each other.
 */
import { RECEIVE_BYTES } from '../limits.js';
import { TCP_FLAG, type Segment } from './segment.js';

export interface Received {
  /** New bytes, in order. */
  data: Buffer;
  /** The FIN came: nothing follows. */
  ended: boolean;
  /** The other side is to be told where we are. */
  answer: boolean;
}

export class Receiver {
  ended = false;
  /** First number that the other side was not allowed to send. */
  private edge: number;

  /**
   * @param next number that is expected next
   * @param pending bytes handed on that are not yet consumed
   */
  constructor(
    public next: number,
    private readonly pending: () => number,
  ) {
    this.edge = next;
  }

  /** Room for data in bytes, to be told to the other side: never less than it was told before (RFC 9293, 3.8.6.2.2). */
  advertise(): number {
    this.edge = this.bestEdge();
    return this.room();
  }

  /** So much more room than the other side knows of that it is worth telling. */
  get hasNews(): boolean {
    return !this.ended && distance(this.edge, this.bestEdge()) >= RECEIVE_BYTES / 4;
  }

  /** Whether a number is one that the other side may be at. */
  expects(seq: number): boolean {
    const offset = distance(this.next, seq);
    return offset === 0 || (offset > 0 && offset < this.room());
  }

  accept({ seq, flags, data }: Segment): Received {
    const fin = (flags & TCP_FLAG.fin) !== 0;
    const offset = distance(this.next, seq);
    const nothing = { data: data.subarray(0, 0), ended: false, answer: data.length > 0 || fin || offset !== 0 };
    const fresh = data.length + offset;
    if (this.ended || offset > 0 || fresh < 0 || (fresh === 0 && !fin)) return nothing;
    const taken = data.subarray(-offset).subarray(0, this.room());
    this.next = (this.next + taken.length) >>> 0;
    this.ended = fin && taken.length === fresh;
    if (this.ended) this.next = (this.next + 1) >>> 0;
    return { data: taken, ended: this.ended, answer: true };
  }

  private room(): number {
    return Math.max(0, distance(this.next, this.edge));
  }

  private bestEdge(): number {
    const wanted = (this.next + Math.max(0, RECEIVE_BYTES - this.pending())) >>> 0;
    return distance(this.edge, wanted) > 0 ? wanted : this.edge;
  }
}

/** From `a` to `b`, modulo 2^32, with its sign (RFC 9293, 3.4). */
export function distance(a: number, b: number): number {
  return (b - a) | 0;
}
