import { createHash, type Hash } from 'node:crypto';
import { parseFrame, type ContainerReader, type Frame } from '../../formats/container/index.js';
import type { EventReader } from '../../formats/event-reader.js';
import { EVENT, EVENT_TITLE } from '../../formats/events.js';
import { keyframeOf, readRelogHeader, RELOG_FRAME, type Keyframe } from '../../formats/relog.js';
import { ShapeError } from '../../formats/shape.js';
import { breathe } from '../breathe.js';
import { lastPosition } from '../run-length.js';
import { throttled } from '../throttle.js';
import type { DiffOptions, DiffResult } from './diff.js';
import { differingField, type Difference } from './difference.js';
import { eventObject } from './event-json.js';
import { eventKind } from './filter.js';
import { RelogEvents } from './relog-events.js';
import { reading } from './reading.js';

/** Events shown before a difference. */
const BEFORE = 5;
/** Events compared before the process may breathe. */
const BREATH_EVENTS = 1 << 18;

/** Keyframes that one file may be ahead by: marks keep the two at the same one. */
const MOST_AHEAD = 8;

interface SaidKeyframe {
  /** What its `keyframe` frame holds. */
  content: Keyframe;
  /** SHA-256 of its `pages` frames, one after the other. */
  pages: string;
}

/** One of the two files: its events one after the other, and its keyframes as they come by. */
class Side {
  events: EventReader | null = null;
  readonly keyframes: SaidKeyframe[] = [];
  /** They are of interest. */
  keepsKeyframes = true;
  private readonly frames: RelogEvents;
  private pages: Hash = createHash('sha256');

  constructor(
    readonly container: ContainerReader,
    private readonly wanted: Uint8Array,
  ) {
    this.frames = new RelogEvents(container, { onFrame: (frame) => this.take(frame), unpack: () => true });
  }

  /** False at the end. */
  next(): boolean {
    return reading(this.container, () => {
      for (;;) {
        if (this.events?.next(this.wanted)) return true;
        this.events = this.frames.nextFrame();
        if (this.events === null) return false;
      }
    });
  }

  object(): unknown {
    const { events } = this;
    return events === null ? null : reading(this.container, () => eventObject(events.read(), true));
  }

  private take(frame: Frame): void {
    if (!this.keepsKeyframes) return;
    if (frame.kind === RELOG_FRAME.pages) this.pages.update(frame.payload);
    if (frame.kind !== RELOG_FRAME.keyframe) return;
    if (this.keyframes.length === MOST_AHEAD) throw new ShapeError('there are keyframes without marks');
    this.keyframes.push({ content: parseFrame(this.container, frame, keyframeOf), pages: this.pages.digest('hex') });
    this.pages = createHash('sha256');
  }
}

/** The last events that both had, remembered by where they are. */
class Trail {
  private readonly places: { events: EventReader; kind: number; position: number; fields: number }[] = [];
  private next = 0;

  add(events: EventReader): void {
    const { kind, position, fields } = events;
    const place = this.places[this.next];
    if (place === undefined) this.places[this.next] = { events, kind, position, fields };
    else Object.assign(place, { events, kind, position, fields });
    this.next = (this.next + 1) % BEFORE;
  }

  objects(): unknown[] {
    const ordered = [...this.places.slice(this.next), ...this.places.slice(0, this.next)];
    return ordered.map(({ events, kind, position, fields }) =>
      eventObject(events.readAt(kind, position, fields), false),
    );
  }
}

export async function diffRelogs(
  a: ContainerReader,
  b: ContainerReader,
  { ignore, onProgress, signal }: DiffOptions,
): Promise<Pick<DiffResult, 'compared' | 'first'>> {
  const wanted = new Uint8Array(256).fill(1);
  for (const name of ignore) if (name !== 'header') wanted[eventKind(name)] = 0;
  const headers = [readRelogHeader(a), readRelogHeader(b)] as const;
  const inHeader = ignore.includes('header') ? null : differingField(...headers, 'header');
  if (inHeader !== null) return { compared: 0, first: inHeader };
  const sides = [new Side(a, wanted), new Side(b, wanted)] as const;
  const [left, right] = sides;
  // Without marks keyframes need not be at the same positions: only the first one is.
  let keyframes = wanted[EVENT.keyframeMark] === 1 ? Infinity : 1;
  const tell = throttled(onProgress, () => lastPosition(a.path));
  const trail = new Trail();
  for (let compared = 0; ; compared++) {
    const more = [left.next(), right.next()] as const;
    for (; keyframes > 0 && left.keyframes.length > 0 && right.keyframes.length > 0; keyframes--) {
      const first = differingKeyframe(left.keyframes.shift()!, right.keyframes.shift()!);
      if (first !== null) return { compared, first: { ...first, before: trail.objects() } };
    }
    if (keyframes === 0) left.keepsKeyframes = right.keepsKeyframes = false;
    if (!more[0] && !more[1]) return { compared, first: null };
    if (!more[0] || !more[1] || !sameEvent(left, right)) {
      return { compared, first: differingEvents(left, right, trail) };
    }
    trail.add(left.events!);
    if (compared % BREATH_EVENTS !== 0) continue;
    tell({ instructions: left.events!.position, bytes: 0 });
    await breathe(signal);
  }
}

/** The same bytes mostly; the same values in other forms are the same too. */
function sameEvent(left: Side, right: Side): boolean {
  const [a, b] = [left.events!, right.events!];
  if (a.kind !== b.kind) return false;
  if (a.kind >= EVENT.interrupt && a.position !== b.position) return false;
  const bytes = (side: EventReader): Buffer =>
    Buffer.from(side.payload.buffer, side.payload.byteOffset + side.fields, side.end - side.fields);
  if (bytes(a).equals(bytes(b))) return true;
  const values = (side: Side): string => JSON.stringify({ ...(side.object() as object), after: 0 });
  return values(left) === values(right);
}

function differingEvents(left: Side, right: Side, trail: Trail): Difference {
  const kinds = [left, right].map(({ events }) => (events === null ? null : EVENT_TITLE.get(events.kind)!));
  const positions = [left, right].flatMap(({ events }) => (events === null ? [] : [events.position]));
  const what =
    kinds[0] === null || kinds[1] === null
      ? `the ${kinds[0] === null ? 'first' : 'second'} file has no more events`
      : kinds[0] === kinds[1]
        ? kinds[0]!
        : `${kinds[0]} or ${kinds[1]}`;
  return {
    what,
    position: Math.min(...positions),
    sides: [left.object(), right.object()],
    before: trail.objects(),
  };
}

function differingKeyframe(a: SaidKeyframe, b: SaidKeyframe): Difference | null {
  const { index, position } = a.content;
  const state = differingField(a.content, b.content, `keyframe ${index}`);
  if (state !== null) return { ...state, position };
  if (a.pages === b.pages) return null;
  return {
    ...{ what: `pages of RAM in keyframe ${index}`, position, before: [] },
    sides: [`SHA-256 ${a.pages}`, `SHA-256 ${b.pages}`],
  };
}
