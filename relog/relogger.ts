/** Writes what an observed machine does as a relog, whether the machine runs live or is replayed. */
import type { Machine, Observer } from '../engines/v86/index.js';
import type { ContainerWriter } from '../formats/container/index.js';
import type { EventWriter } from '../formats/event-writer.js';
import { writeEvents, writeKeyframe, writePages, writeRelogHeader } from '../formats/relog.js';
import { BufferRegion, ChangedPages } from './changed-pages.js';
import { ramRegions } from './machine-ram.js';

const EVENTS_FRAME_BYTES = 512 << 10;

export class Relogger {
  keyframes = 0;
  /** Bytes of events written. */
  eventBytes = 0;
  private lastCheck = -1;
  private nextKeyframe: number;
  private readonly changed: ChangedPages;

  constructor(
    private readonly machine: Machine,
    private readonly observer: Observer,
    private readonly events: EventWriter,
    private readonly writer: ContainerWriter,
    private readonly keyframeEvery: number,
  ) {
    this.nextKeyframe = keyframeEvery;
    this.changed = new ChangedPages(ramRegions(machine.ramBytes));
  }

  start(guest: { name: string; hash: string }): void {
    const ram = ramRegions(this.machine.ramBytes);
    writeRelogHeader(this.writer, {
      start: 0,
      ram,
      guest: { name: guest.name, hash: guest.hash },
      ...this.observer.kind(),
    });
    this.observer.reset();
    this.keyframe();
    this.observer.enabled = true;
    this.observer.onSlice = () => this.slice();
  }

  end(): void {
    this.observer.flushDma();
    this.mark();
    this.events.end(this.observer.position(), this.observer.rep());
    this.flush();
  }

  /** Between two slices: a check of the registers, and every so often a keyframe. */
  private slice(): void {
    const position = this.observer.position();
    if (position === this.lastCheck) return;
    this.lastCheck = position;
    const rep = this.observer.rep();
    this.events.check(position, this.observer.eip(), this.observer.flags(), this.observer.gpr(), rep);
    if (position >= this.nextKeyframe) this.mark();
    if (this.events.bytes >= EVENTS_FRAME_BYTES) this.flush();
  }

  private mark(): void {
    const position = this.observer.position();
    this.events.keyframeMark(position, this.keyframes, this.observer.rep());
    this.flush();
    this.keyframe();
    this.nextKeyframe = position + this.keyframeEvery;
  }

  private keyframe(): void {
    const position = this.observer.position();
    const ram = this.machine.ramBuffers().map((buffer) => new BufferRegion(buffer));
    for (const pages of this.changed.take(ram)) writePages(this.writer, pages, position);
    writeKeyframe(this.writer, { index: this.keyframes++, position, state: this.machine.cpuState() });
  }

  /** Between slices: what was written so far can be used, whatever happens. */
  flush(): void {
    this.eventBytes += writeEvents(this.writer, this.events.take(), this.observer.position());
  }
}
