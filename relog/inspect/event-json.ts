/**
 * Events as JSON: numbers, and hex for byte strings, of which JSON has none, and for integers of 64 bits, which most
 * readers of JSON have not. Written piece by piece: to make an object of each event first takes ten times as long.
 */
import { hash } from 'node:crypto';
import { EVENT_LAYOUT, type FieldType, type RelogEvent } from '../../formats/event-layout.js';
import { EVENT, EVENT_TITLE, type EventName } from '../../formats/events.js';
import { readCpuState } from '../../formats/relog.js';

interface Form {
  /** Up to the position, and from there to the first field. */
  place: string;
  title: string;
  fields: { name: string; key: string; type: FieldType }[];
}

const FORM = new Map<EventName, Form>();
for (const [name, kind] of Object.entries(EVENT) as [EventName, number][]) {
  FORM.set(name, {
    // A synchronous event has no position: it comes after what happened there.
    place: kind >= EVENT.interrupt ? '{"position":' : '{"after":',
    title: `,"kind":"${EVENT_TITLE.get(kind)!}"`,
    fields: EVENT_LAYOUT[name].map(([field, type]) => ({ name: field, key: `,"${field}":`, type })),
  });
}

/**
 * One object, on one line.
 * @param data DMA's bytes themselves; otherwise their number and SHA-256
 * @throws ShapeError when a `state` event holds none
 */
export function eventText(event: RelogEvent, data: boolean): string {
  const { place, title, fields } = FORM.get(event.kind)!;
  let text = place + event.position + title;
  const values = event as unknown as Record<string, unknown>;
  for (const { name, key, type } of fields) text += fieldText(key, type, values[name], data);
  return `${text}}`;
}

/** What {@link eventText} says, as an object. */
export function eventObject(event: RelogEvent, data: boolean): Record<string, unknown> {
  return JSON.parse(eventText(event, data)) as Record<string, unknown>;
}

/** Bytes in full, or what tells them apart. */
export function bytesFields(bytes: Uint8Array, full: boolean): Record<string, unknown> {
  return full ? { data: hex(bytes) } : { length: bytes.length, sha256: hash('sha256', bytes) };
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

function fieldText(key: string, type: FieldType, value: unknown, data: boolean): string {
  switch (type) {
    case 'u64':
      return `${key}"0x${(value as bigint).toString(16)}"`;
    case 'st':
    case 'xmm':
      return `${key}"${hex(value as Uint8Array)}"`;
    case 'gpr':
      return `${key}[${(value as number[]).join(',')}]`;
    case 'bytes':
      return key === STATE_KEY
        ? key + JSON.stringify(plain(readCpuState(value as Uint8Array)))
        : EFFECT_KEYS.has(key)
          ? `${key}"${hex(value as Uint8Array)}"`
          : `,${JSON.stringify(bytesFields(value as Uint8Array, data)).slice(1, -1)}`;
    default:
      return key + (value as number | null);
  }
}

const STATE_KEY = ',"state":';
/** An effect's, which are short. */
const EFFECT_KEYS: ReadonlySet<string> = new Set(EVENT_LAYOUT.effect.map(([name]) => `,"${name}":`));

/** Of whatever depth. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return `0x${value.toString(16)}`;
  if (value instanceof Uint8Array) return hex(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
  }
  return value;
}
