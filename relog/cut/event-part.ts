/** Events of a relog as those of a part of it: keyframes are counted from its own first one, and it has an end. */
import { encode } from '../../formats/cbor.js';
import { EventReader, kindTable } from '../../formats/event-reader.js';
import { EVENT, POSITIONED_EVENTS } from '../../formats/events.js';
import type { CutPlan } from './plan.js';

const POSITIONED = kindTable(POSITIONED_EVENTS);

export class EventPart {
  /** The last event was taken. */
  ended = false;
  position: number;
  private taken = 0;

  constructor(private readonly plan: Pick<CutPlan, 'keyframe' | 'events' | 'from'>) {
    this.position = plan.from;
  }

  /** @returns the payload as the part has it. Errors: ShapeError. */
  take(payload: Uint8Array): Uint8Array {
    const { keyframe, events } = this.plan;
    const pieces: Uint8Array[] = [];
    const reader = new EventReader(payload);
    let copied = 0;
    let before = reader.base;
    while (!this.ended && reader.next(POSITIONED)) {
      const delta = reader.position - before;
      before = reader.position;
      const last = this.taken + reader.count === events;
      if (reader.kind === EVENT.keyframeMark) {
        const mark = reader.read();
        if (mark.kind !== 'keyframeMark') continue;
        pieces.push(payload.subarray(copied, reader.start));
        const { rep } = mark;
        pieces.push(
          last ? encode([EVENT.end, delta, rep]) : encode([EVENT.keyframeMark, delta, mark.index - keyframe, rep]),
        );
        copied = reader.end;
      } else if (last) {
        pieces.push(payload.subarray(copied, reader.end));
        const stop = reader.read();
        if (stop.kind === 'check') pieces.push(encode([EVENT.end, 0, stop.rep]));
        copied = reader.end;
      }
      this.ended = last;
    }
    if (!this.ended) pieces.push(payload.subarray(copied));
    this.taken += reader.count;
    this.position = before;
    return Buffer.concat(pieces);
  }
}
