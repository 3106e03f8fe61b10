/** The instructions that the machine ran last. */
export interface Executed {
  position: number;
  linear: number;
  code: Uint8Array;
  bits: 16 | 32;
}

const KEPT = 24;

export class Trace {
  private readonly ring: Executed[] = [];
  private count = 0;

  add(executed: Executed): void {
    this.ring[this.count++ % KEPT] = executed;
  }

  /** Oldest first. */
  list(): Executed[] {
    const from = Math.max(0, this.count - KEPT);
    return Array.from({ length: this.count - from }, (_, i) => this.ring[(from + i) % KEPT]!);
  }
}
