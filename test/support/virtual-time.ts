/** Timers of a made-up clock: time passes when nothing is left to do. */
import type { Timers } from '../../network/timers.js';

export class VirtualTime implements Timers {
  private time = 0;
  private tasks: { at: number; run: () => void }[] = [];

  now(): number {
    return this.time;
  }

  after(milliseconds: number, run: () => void): () => void {
    const task = { at: this.time + milliseconds, run };
    this.tasks.push(task);
    return () => (this.tasks = this.tasks.filter((each) => each !== task));
  }

  soon(run: () => void): void {
    this.after(0, run);
  }

  /** Until nothing is left to do, or so much time has passed. */
  run(limit: number): void {
    const end = this.time + limit;
    for (;;) {
      const at = Math.min(...this.tasks.map((task) => task.at));
      if (!(at <= end)) break;
      this.time = at;
      const index = this.tasks.findIndex((task) => task.at === at);
      this.tasks.splice(index, 1)[0]!.run();
    }
    this.time = end;
  }
}
