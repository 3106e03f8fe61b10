/** Events of a relog with the filler in the place of some payloads. */
import { encode } from '../../formats/cbor.js';
import { EventReader, kindTable } from '../../formats/event-reader.js';
import { EVENT, POSITIONED_EVENTS } from '../../formats/events.js';
import { CARRIERS } from './find.js';
import type { Payload } from './payload.js';

/**
 * @param payload of an `events` frame; it stays as it is
 * @param first number of the frame's first event in the relog
 * @param replaced by arrival; others than the frame's own may be among them
 */
export function fillEvents(payload: Uint8Array, first: number, replaced: readonly Payload[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  const reader = new EventReader(payload);
  let copied = 0;
  let before = reader.base;
  let next = 0;
  let open: Payload[] = [];
  while (reader.next(FILLED_OR_PLACED)) {
    const { position } = reader;
    const delta = position - before;
    before = position;
    if (CARRIERS[reader.kind] !== 1) continue;
    const number = first + reader.count - 1;
    for (; next < replaced.length && replaced[next]!.first <= number; next++) open.push(replaced[next]!);
    if (open.length === 0) continue;
    open = open.filter(({ last }) => last >= number);
    const changed = filled(reader, number, delta, open);
    if (changed === null) continue;
    pieces.push(payload.subarray(copied, reader.start), changed);
    copied = reader.end;
  }
  if (pieces.length === 0) return payload;
  pieces.push(payload.subarray(copied));
  return Buffer.concat(pieces);
}

/** Those that carry payloads, and those that deltas count from. */
const FILLED_OR_PLACED = kindTable([EVENT.portRead, ...POSITIONED_EVENTS]);

/** The event the reader stands at, encoded, or null when none of the payloads is in it. */
function filled(reader: EventReader, number: number, delta: number, open: readonly Payload[]): Uint8Array | null {
  if (open.length === 0) return null;
  const event = reader.read();
  if (event.kind === 'dma') {
    const data = Uint8Array.from(event.data);
    if (!fillAll(open, number, data)) return null;
    return encode([EVENT.dma, delta, event.address, data, event.rep]);
  }
  if (event.kind !== 'portRead') return null;
  const data = Buffer.alloc(event.size);
  data.writeUIntLE(event.value, 0, event.size);
  if (!fillAll(open, number, data)) return null;
  return encode([EVENT.portRead, event.port, event.size, data.readUIntLE(0, event.size)]);
}

function fillAll(open: readonly Payload[], number: number, data: Uint8Array): boolean {
  let any = false;
  for (const payload of open) any = payload.fill(number, data, open) || any;
  return any;
}
