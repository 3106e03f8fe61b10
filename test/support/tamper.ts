/** Relogs that tell a lie: copies with one event changed, all checksums right. */
import { decodeMultiple } from 'cbor-x';
import { encode } from '../../formats/cbor.js';
import { ContainerReader, ContainerWriter } from '../../formats/container/index.js';
import { EVENT, type EventName } from '../../formats/events.js';
import { RELOG_FRAME } from '../../formats/relog.js';

export type RawEvent = (number | bigint | null | Uint8Array | number[])[];

export interface Lie {
  kind: EventName;
  /** The first event of the kind at or after this position is changed. */
  from: number;
  /** Changes the event; its positions are differences (docs/formats/relog.md). Returns false to pass it by. */
  change: (event: RawEvent) => boolean | void;
}

/** @returns position of the change; of a synchronous event, that of the positioned event before it */
export function tamper(input: string, output: string, lie: Lie): number {
  const reader = new ContainerReader(input, 'relog');
  const writer = new ContainerWriter({ path: output, kind: 'relog', temporary: false, force: true });
  let changedAt: number | null = null;
  try {
    for (const frame of reader) {
      let { payload } = frame;
      if (frame.kind === RELOG_FRAME.events && changedAt === null) {
        const items = decodeMultiple(Buffer.from(payload)) as unknown as [number, ...RawEvent[]];
        changedAt = changeFirst(items, lie);
        if (changedAt !== null) payload = Buffer.concat(items.map((item) => encode(item)));
      }
      writer.frame(frame.kind, payload, frame.reach);
    }
    writer.finish(reader.end!.outcome, 0n);
  } finally {
    reader.close();
    writer.abandon();
  }
  if (changedAt === null) throw new Error(`there is no ${lie.kind} to change after ${lie.from}`);
  return changedAt;
}

function changeFirst([base, ...events]: [number, ...RawEvent[]], lie: Lie): number | null {
  let position = Number(base);
  for (const [i, event] of events.entries()) {
    if (Number(event[0]) >= EVENT.interrupt) position += Number(event[1]);
    if (event[0] !== EVENT[lie.kind] || position < lie.from) continue;
    const before = Number(event[1]);
    if (lie.change(event) === false) continue;
    // When the event moves, those behind it stay where they were.
    const moved = Number(event[0]) >= EVENT.interrupt ? Number(event[1]) - before : 0;
    const next = events.slice(i + 1).find((later) => Number(later[0]) >= EVENT.interrupt);
    if (moved !== 0 && next !== undefined) next[1] = Number(next[1]) - moved;
    return position;
  }
  return null;
}
