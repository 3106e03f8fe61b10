/** Files that tell a lie: copies with one thing changed, all checksums right. */
import { decodeMultiple } from 'cbor-x';
import { decode, encode } from '../../formats/cbor.js';
import { ContainerReader, ContainerWriter, type ContainerKind, type Frame } from '../../formats/container/index.js';
import { EVENT, type EventName } from '../../formats/events.js';
import { RECORDING_FRAME, type RecordingHeader } from '../../formats/recording.js';
import { RELOG_FRAME } from '../../formats/relog.js';
import { PACK_FRAME } from '../../formats/store/pack.js';

export type RawEvent = (number | bigint | null | Uint8Array | number[])[];

/** Numbers of 32 bits, one after another, but for `data`. */
export interface RawPages {
  numbers: Uint8Array;
  sources?: Uint8Array;
  data: Uint8Array;
}

export interface Lie {
  kind: EventName;
  /** The first event of the kind at or after this position is changed. */
  from: number;
  /** Changes the event; its positions are differences (docs/formats/relog.md). Returns false to pass it by. */
  change: (event: RawEvent) => boolean | void;
}

/** @returns position of the change; of a synchronous event, that of the positioned event before it */
export function tamper(input: string, output: string, lie: Lie): number {
  let changedAt: number | null = null;
  rewrite(input, output, 'relog', ({ kind, payload }) => {
    if (kind !== RELOG_FRAME.events || changedAt !== null) return payload;
    const items = decodeMultiple(Buffer.from(payload)) as unknown as [number, ...RawEvent[]];
    changedAt = changeFirst(items, lie);
    return changedAt === null ? payload : Buffer.concat(items.map((item) => encode(item)));
  });
  if (changedAt === null) throw new Error(`there is no ${lie.kind} to change after ${lie.from}`);
  return changedAt;
}

/** A recording that says it was made by another build of the engine. */
export function withOtherEngine(input: string, output: string): void {
  rewrite(input, output, 'recording', ({ kind, payload }) => {
    if (kind !== RECORDING_FRAME.header) return payload;
    const header = decode(payload) as RecordingHeader;
    return encode({ ...header, engine: { ...header.engine, version: '0.0.1', hash: '0'.repeat(64) } });
  });
}

/** A relog whose pages say something else: `change` is called for each of its pages frames. */
export function tamperPages(input: string, output: string, change: (pages: RawPages) => void): void {
  rewrite(input, output, 'relog', ({ kind, payload }) => {
    if (kind !== RELOG_FRAME.pages) return payload;
    const pages = decode(Uint8Array.from(payload)) as RawPages;
    change(pages);
    return encode(pages);
  });
}

/** A pack whose groups are other bytes than its directory says. */
export function tamperObjects(input: string, output: string): void {
  rewrite(input, output, 'pack', ({ kind, payload }) =>
    kind === PACK_FRAME.group ? payload.map((byte) => byte ^ 1) : payload,
  );
}

/** A copy of a whole container with other payloads, all checksums and the index right. */
function rewrite(input: string, output: string, kind: ContainerKind, change: (frame: Frame) => Uint8Array): void {
  const reader = new ContainerReader(input, kind);
  const writer = new ContainerWriter({ path: output, kind, temporary: false, force: true });
  try {
    let reach = 0n;
    for (const frame of reader) {
      reach = frame.reach;
      writer.frame(frame.kind, change(frame), reach);
    }
    writer.finish(reader.end!.outcome, reach);
  } finally {
    reader.close();
    writer.abandon();
  }
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
