/**
 * The machine's only timers: `setTimeout`, `setInterval` and `setImmediate` inside the realm end here. Nothing fires by
 * itself; whoever drives the machine fires the callbacks one at a time, in the order of their due times, so that the
 * order depends on the clock alone.
 */
interface Timer {
  id: number;
  /** Clock units. */
  due: number;
  every: number | null;
  callback: (...args: unknown[]) => unknown;
  args: unknown[];
}

export class Scheduler {
  private timers: Timer[] = [];
  private nextId = 1;
  /** Where a callback came to nothing after it had come back with a promise. */
  private failure: Error | null = null;

  /** @param now clock units now */
  constructor(
    private readonly now: () => number,
    private readonly unitsPerMs: number,
  ) {}

  add(callback: (...args: unknown[]) => unknown, delayMs: number, repeat: boolean, args: unknown[]): number {
    const delay = Math.max(0, Number.isFinite(delayMs) ? delayMs : 0) * this.unitsPerMs;
    const timer: Timer = {
      id: this.nextId++,
      due: Math.ceil(this.now() + delay),
      every: repeat ? Math.max(1, delay) : null,
      callback,
      args,
    };
    this.insert(timer);
    return timer.id;
  }

  remove(id: unknown): void {
    this.timers = this.timers.filter((timer) => timer.id !== id);
  }

  /** Clock units at which the next callback is due, or null when there is none. */
  nextDue(): number | null {
    return this.timers[0]?.due ?? null;
  }

  /** Fires the callback that is due first. */
  fire(): void {
    const timer = this.timers.shift();
    if (timer === undefined) throw new Error('the machine has nothing to do');
    if (timer.every !== null) this.insert({ ...timer, due: Math.ceil(timer.due + timer.every) });
    const result = timer.callback(...timer.args);
    if (result instanceof Promise) result.catch((error: unknown) => (this.failure ??= error as Error));
  }

  /** @throws Error the first that no callback threw itself, as it was not waited for */
  throwFailure(): void {
    if (this.failure !== null) throw this.failure;
  }

  private insert(timer: Timer): void {
    let at = this.timers.length;
    while (at > 0 && this.timers[at - 1]!.due > timer.due) at--;
    this.timers.splice(at, 0, timer);
  }
}
