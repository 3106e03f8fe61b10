/** Compares the events of a relog with those that the machine gives when it runs again. */
import { readEvents, sameEvent, type ReadEvent } from './events.js';
import { EVENT } from '../../formats/events.js';

export interface EventMismatch {
  /** How many events before it are equal, keyframe marks apart. */
  index: number;
  /** Null where one of them has no more events. */
  relog: ReadEvent | null;
  machine: ReadEvent | null;
}

export class EventComparison {
  mismatch: EventMismatch | null = null;
  private equal = 0;
  private relog: ReadEvent[] = [];
  private machine: ReadEvent[] = [];

  /** @param payload of an `events` frame of the relog */
  addRelog(payload: Uint8Array): void {
    if (this.mismatch === null) this.relog = this.relog.concat(comparable(payload));
  }

  /** @param payload the same of what the machine did */
  addMachine(payload: Uint8Array): void {
    if (this.mismatch === null) this.machine = this.machine.concat(comparable(payload));
  }

  /** Events of the relog are missing that the machine has. */
  get wantsRelog(): boolean {
    return this.mismatch === null && this.relog.length < this.machine.length;
  }

  /** @param complete nothing follows on either side */
  compare(complete: boolean): EventMismatch | null {
    if (this.mismatch !== null) return this.mismatch;
    const { relog, machine } = this;
    const length = complete ? Math.max(relog.length, machine.length) : Math.min(relog.length, machine.length);
    for (let i = 0; i < length; i++) {
      const [a, b] = [relog[i] ?? null, machine[i] ?? null];
      if (a !== null && b !== null && sameEvent(a, b)) continue;
      this.mismatch = { index: this.equal + i, relog: a, machine: b };
      return this.mismatch;
    }
    this.equal += length;
    this.relog = relog.slice(length);
    this.machine = machine.slice(length);
    return null;
  }
}

/** Keyframes lie where whoever made the relog wanted them; effects are what the machine does anyway. */
function comparable(payload: Uint8Array): ReadEvent[] {
  return readEvents(payload).filter(({ kind }) => kind !== EVENT.keyframeMark && kind !== EVENT.effect);
}
