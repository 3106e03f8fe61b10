/** Events and log items as objects that JSON can hold: numbers, hex for byte strings and for 64 bits. */
import { hash } from 'node:crypto';
import type { RelogEvent } from '../../formats/event-layout.js';
import { EVENT, EVENT_TITLE } from '../../formats/events.js';
import { readCpuState } from '../../formats/relog.js';

/**
 * @param data DMA's bytes themselves; otherwise their number and SHA-256
 * @throws ShapeError when a `state` event holds none
 */
export function eventObject(event: RelogEvent, data: boolean): Record<string, unknown> {
  const { kind, position, ...fields } = event;
  const number = EVENT[kind];
  const title = EVENT_TITLE.get(number)!;
  // A synchronous event has no position: it comes after what happened there.
  const place = number >= EVENT.interrupt ? { position } : { after: position };
  if (event.kind === 'state') return { ...place, kind: title, state: plain(readCpuState(event.state)) };
  if (event.kind === 'dma') {
    return { ...place, kind: title, address: event.address, ...bytesFields(event.data, data), rep: event.rep };
  }
  const shown: Record<string, unknown> = { ...place, kind: title };
  for (const [name, value] of Object.entries(fields)) shown[name] = plain(value);
  return shown;
}

/** Bytes in full, or what tells them apart. */
export function bytesFields(bytes: Uint8Array, full: boolean): Record<string, unknown> {
  return full ? { data: hex(bytes) } : { length: bytes.length, sha256: hash('sha256', bytes) };
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

/** JSON has no byte strings, and most readers of JSON no integers of 64 bits. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return `0x${value.toString(16)}`;
  if (value instanceof Uint8Array) return hex(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
  }
  return value;
}
