/** Events of a relog one by one, to be compared and shown. */
import { EVENT_LAYOUT } from '../../formats/event-layout.js';
import { EventReader } from '../../formats/event-reader.js';
import { EVENT, EVENT_TITLE } from '../../formats/events.js';

type Value = number | bigint | null | Uint8Array | readonly number[];

export interface ReadEvent {
  kind: number;
  /** Null for an event that the instruction takes that asks for it. */
  position: number | null;
  /** Names as in docs/formats/relog.md. */
  fields: [name: string, value: Value][];
}

/** @param payload of an `events` frame. @throws ShapeError when it breaks the rules of the format */
export function readEvents(payload: Uint8Array): ReadEvent[] {
  const reader = new EventReader(payload);
  const events: ReadEvent[] = [];
  while (reader.next()) {
    const event = reader.read() as unknown as Record<string, Value> & { kind: keyof typeof EVENT_LAYOUT };
    const { kind, position } = reader;
    const fields = EVENT_LAYOUT[event.kind].map(([name]): [string, Value] => [name, event[name]!]);
    events.push({ kind, position: kind < EVENT.interrupt ? null : position, fields });
  }
  return events;
}

export function sameEvent(a: ReadEvent, b: ReadEvent): boolean {
  const same = (i: number): boolean => valueText(a.fields[i]![1], Infinity) === valueText(b.fields[i]![1], Infinity);
  return a.kind === b.kind && a.position === b.position && a.fields.every((_, i) => same(i));
}

const SHOWN_BYTES = 16;

/** One line; numbers in hexadecimal, but positions and vectors. */
export function eventText({ kind, position, fields }: ReadEvent): string {
  const words = fields.flatMap(([name, value]) =>
    value === null ? [] : [`${name}=${name === 'vector' ? String(value as number) : valueText(value, SHOWN_BYTES)}`],
  );
  return [...(position === null ? [] : [String(position)]), EVENT_TITLE.get(kind)!, ...words].join(' ');
}

function valueText(value: Value, shownBytes: number): string {
  if (value instanceof Uint8Array) {
    const { buffer, byteOffset, length } = value;
    const shown = Buffer.from(buffer, byteOffset, Math.min(length, shownBytes)).toString('hex');
    return length <= shownBytes ? shown : `${shown}... (${length} bytes)`;
  }
  if (value === null) return 'none';
  return typeof value === 'object' ? value.map((each) => each.toString(16)).join(',') : value.toString(16);
}
