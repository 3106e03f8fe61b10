/** A relog from keyframe to keyframe. */
import { damaged, type ContainerReader } from '../../formats/container/index.js';
import { EventReader, kindTable } from '../../formats/event-reader.js';
import type { Pages } from '../../formats/pages.js';
import { readRelog, type Keyframe } from '../../formats/relog.js';

/** A frame of events. */
export interface EventFrame {
  payload: Uint8Array;
  /** Number of its first event in the relog, and how many there are. */
  first: number;
  events: number;
  /** Position of its last event. */
  reach: number;
}

/** What lies between two keyframes, or between the last one and the end. */
export interface Epoch {
  /** The keyframe it begins with. */
  keyframe: Keyframe;
  /** The one it ends with; null: the relog ends. */
  next: Keyframe | null;
  frames: EventFrame[];
  /** Number of its first event in the relog, and how many there are. */
  firstEvent: number;
  events: number;
}

const NO_KIND = kindTable([]);

export interface EpochHooks {
  /** Pages of the next keyframe. */
  onPages: (pages: Pages) => void;
  /** All its pages were handed out, and the epoch before it. */
  onKeyframe: (keyframe: Keyframe) => void;
}

/**
 * @param reader behind the header frame
 * @param last number of the last keyframe that is of interest to the hooks
 * @throws DecoupleError damaged. Errors: ShapeError
 */
export function* readEpochs(reader: ContainerReader, last: number, hooks: EpochHooks): Generator<Epoch> {
  let keyframe: Keyframe | null = null;
  let frames: EventFrame[] = [];
  let seen = 0;
  const epoch = (begin: Keyframe, next: Keyframe | null): Epoch => {
    const firstEvent = frames[0]?.first ?? seen;
    const whole = { keyframe: begin, next, frames, firstEvent, events: seen - firstEvent };
    frames = [];
    return whole;
  };
  for (const item of readRelog(reader)) {
    if (item.kind === 'events') {
      const frame = eventFrame(item.payload, seen);
      frames.push(frame);
      seen += frame.events;
    } else if (item.kind === 'pages') {
      if ((keyframe?.index ?? -1) < last) hooks.onPages(item.pages);
    } else if (item.kind === 'keyframe') {
      if (item.keyframe.index !== (keyframe === null ? 0 : keyframe.index + 1)) {
        throw damaged(reader.path, `keyframe ${item.keyframe.index} is wrong`);
      }
      if (keyframe !== null) yield epoch(keyframe, item.keyframe);
      else if (frames.length > 0) throw damaged(reader.path, 'a keyframe is missing');
      keyframe = item.keyframe;
      if (keyframe.index <= last) hooks.onKeyframe(keyframe);
    }
  }
  if (keyframe === null) throw damaged(reader.path, 'a keyframe is missing');
  yield epoch(keyframe, null);
}

function eventFrame(payload: Uint8Array, first: number): EventFrame {
  const reader = new EventReader(payload);
  reader.next(NO_KIND);
  return { payload, first, events: reader.count, reach: reader.position };
}
