/**
 * How much may be on its way: slow start, congestion avoidance, fast retransmit and fast recovery (RFC 5681, RFC 6582).
 * What gets lost here gets lost in the card's ring, when the guest does not keep up.
 */
const INITIAL_SEGMENTS = 10;
const DUPLICATES = 3;

export class Congestion {
  /** Bytes. */
  window: number;
  private threshold = Infinity;
  private duplicates = 0;
  /** While recovering: everything up to here was sent when the loss was noticed. */
  private recoverTo: number | null = null;

  /** @param mss bytes of a full segment */
  constructor(private readonly mss: number) {
    this.window = INITIAL_SEGMENTS * mss;
  }

  /**
   * @param bytes newly acknowledged
   * @param upTo all before this is acknowledged
   * @returns true when the segment at `upTo` was lost as well and is to be sent again
   */
  acknowledged(bytes: number, upTo: number): boolean {
    this.duplicates = 0;
    if (this.recoverTo !== null) {
      if (upTo < this.recoverTo) {
        this.window = Math.max(this.mss, this.window - bytes + this.mss);
        return true;
      }
      this.recoverTo = null;
      this.window = this.threshold;
    } else if (this.window < this.threshold) this.window += bytes;
    else this.window += Math.max(1, Math.floor((this.mss * Math.min(bytes, this.window)) / this.window));
    return false;
  }

  /**
   * An acknowledgment came again.
   * @param onItsWay bytes
   * @param sentTo everything up to here was sent
   * @returns true when the first segment on its way is to be sent again
   */
  duplicate(onItsWay: number, sentTo: number): boolean {
    this.duplicates++;
    if (this.recoverTo !== null) {
      this.window += this.mss;
      return false;
    }
    if (this.duplicates < DUPLICATES) return false;
    this.threshold = Math.max(Math.floor(onItsWay / 2), 2 * this.mss);
    this.window = this.threshold + DUPLICATES * this.mss;
    this.recoverTo = sentTo;
    return true;
  }

  /** Nothing was acknowledged for the whole timeout. */
  timedOut(onItsWay: number): void {
    this.threshold = Math.max(Math.floor(onItsWay / 2), 2 * this.mss);
    this.window = this.mss;
    this.duplicates = 0;
    this.recoverTo = null;
  }
}
