/**
 * Events that were fed to a simulator which noted its own flags and registers (see `Simulator.setOwnValues`), with those
 * in the place of the machine's, and the digests of checks made again.
 */
import { encode } from '../../formats/cbor.js';
import { digestEvents, NO_EVENTS } from '../../formats/event-digest.js';
import { EventReader, kindTable } from '../../formats/event-reader.js';
import { EVENT, POSITIONED_EVENTS } from '../../formats/events.js';

const WANTED = kindTable([EVENT.flagsImage, ...POSITIONED_EVENTS]);
const REGISTERS = 8;

export class OwnValues {
  private values: Uint32Array = new Uint32Array();
  private taken = 0;
  private digest = NO_EVENTS;

  /** Of the events whose frames are to come: those of all frames since the last call, or more. */
  add(values: Uint32Array): void {
    const rest = this.values.subarray(this.taken);
    this.values = new Uint32Array(rest.length + values.length);
    this.values.set(rest);
    this.values.set(values, rest.length);
    this.taken = 0;
  }

  /** @returns the payload with own values, and the position of its last event. Errors: ShapeError. */
  rewrite(payload: Uint8Array): { payload: Uint8Array; position: number } {
    const pieces: Uint8Array[] = [];
    const reader = new EventReader(payload);
    let copied = 0;
    let before = reader.base;
    // The position at the beginning is no event.
    let digested = reader.end;
    const digestTo = (end: number): void => {
      this.digest = digestEvents(this.digest, payload, digested, end);
      digested = end;
    };
    while (reader.next(WANTED)) {
      const delta = reader.position - before;
      before = reader.position;
      if (reader.kind === EVENT.keyframeMark) {
        this.digest = NO_EVENTS;
        digested = reader.end;
        continue;
      }
      if (reader.kind === EVENT.check) digestTo(reader.start);
      const event = this.own(reader, delta);
      if (event === null) continue;
      pieces.push(payload.subarray(copied, reader.start), event);
      copied = reader.end;
      if (reader.kind === EVENT.check) this.digest = NO_EVENTS;
      else {
        digestTo(reader.start);
        this.digest = digestEvents(this.digest, event);
      }
      digested = reader.end;
    }
    digestTo(payload.length);
    pieces.push(payload.subarray(copied));
    return { payload: Buffer.concat(pieces), position: before };
  }

  /** Null for events that have nothing of the simulator's. */
  private own(reader: EventReader, delta: number): Uint8Array | null {
    const event = reader.kind >= EVENT.dma && reader.kind !== EVENT.check ? null : reader.read();
    switch (event?.kind) {
      case 'flagsImage':
        return encode([EVENT.flagsImage, this.next()]);
      case 'interrupt':
        return encode([EVENT.interrupt, delta, event.vector, event.eip, this.next(), event.rep]);
      case 'exception':
        return encode([EVENT.exception, delta, event.vector, event.eip, this.next(), event.error, event.cr2]);
      case 'softwareInterrupt':
        return encode([EVENT.softwareInterrupt, delta, event.vector, event.eip, this.next()]);
      case 'check': {
        const eflags = this.next();
        const gpr = Array.from({ length: REGISTERS }, () => this.next());
        return encode([EVENT.check, delta, event.eip, eflags, gpr, event.rep, this.digest]);
      }
      default:
        return null;
    }
  }

  private next(): number {
    if (this.taken === this.values.length) throw new Error('the simulator noted less than the events have');
    return this.values[this.taken++]!;
  }
}
