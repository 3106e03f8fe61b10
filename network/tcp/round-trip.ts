/** When to send again: the retransmission timeout, from measured round trips (RFC 6298). */

const INITIAL_MS = 1000;
const MIN_MS = 1000;
const MAX_MS = 60_000;

export class RoundTrip {
  private smoothed: number | null = null;
  private variation = 0;
  private timeoutMs = INITIAL_MS;

  /** Milliseconds. */
  get timeout(): number {
    return this.timeoutMs;
  }

  /** @param milliseconds from sending to acknowledgment, of what was sent only once */
  measured(milliseconds: number): void {
    if (this.smoothed === null) {
      this.smoothed = milliseconds;
      this.variation = milliseconds / 2;
    } else {
      this.variation = 0.75 * this.variation + 0.25 * Math.abs(this.smoothed - milliseconds);
      this.smoothed = 0.875 * this.smoothed + 0.125 * milliseconds;
    }
    this.timeoutMs = Math.min(MAX_MS, Math.max(MIN_MS, this.smoothed + 4 * this.variation));
  }

  /** The timeout was too short, or the other side is gone. */
  backOff(): void {
    this.timeoutMs = Math.min(MAX_MS, this.timeoutMs * 2);
  }
}
