/** Time as the network's protocols see it: the host's, never the machine's. Tests put another one in its place. */

export interface Timers {
  /** Milliseconds, any origin. */
  now(): number;
  /** @returns cancels it */
  after(milliseconds: number, run: () => void): () => void;
  /** Once all that is going on now is done. */
  soon(run: () => void): void;
}

export const realTimers: Timers = {
  now: () => performance.now(),
  after: (milliseconds, run) => {
    const timer = setTimeout(run, milliseconds);
    // A timer is no reason for the process to stay.
    timer.unref();
    return () => clearTimeout(timer);
  },
  soon: (run) => void setImmediate(run),
};
