/** Which part of a relog a cut is to be: found by stepping through its events, without simulating anything. */
import type { ContainerReader } from '../../formats/container/index.js';
import { kindTable } from '../../formats/event-reader.js';
import { EVENT } from '../../formats/events.js';
import { readRelogHeader, RELOG_FRAME, type RelogHeader } from '../../formats/relog.js';
import { findKeyframe } from '../find-keyframe.js';
import { noSuchPart } from '../no-such-part.js';
import { RelogEvents } from '../inspect/relog-events.js';

export interface CutPlan {
  header: RelogHeader;
  /** Major version of the file. */
  major: number;
  /** Number of the keyframe it starts with, from 0, and its position. */
  keyframe: number;
  from: number;
  /** Events from there to the one that it ends at, that one included; but for a check, its place is taken by the end. */
  events: number;
  to: number;
  /** Events in the part, its end included. */
  written: number;
}

/** Where the state is known: a relog can end there and be checked to its end. */
const STOPS = kindTable([EVENT.check, EVENT.keyframeMark, EVENT.end]);

/**
 * @param reader of the whole relog, from its beginning; it is read to its end
 * @param from the cut starts at the last keyframe that is not behind this position
 * @param to it ends at the first check or keyframe at or behind this one; null: with the relog
 * @throws DecoupleError usage when there is no such part; what reading throws
 */
export function planCut(reader: ContainerReader, from: number, to: number | null): CutPlan {
  const header = readRelogHeader(reader);
  if (from < header.start) throw noSuchPart(reader.path, `it begins at ${header.start}, behind ${from}`);
  const start = findKeyframe(reader, from) ?? { number: 0, position: header.start };
  // Since that keyframe, and of the event that the part can end at.
  let events = 0;
  let stop: { events: number; written: number; position: number } | null = null;
  const frames = new RelogEvents(reader, {
    from: start.position,
    onFrame: ({ kind, reach }) => {
      if (kind !== RELOG_FRAME.keyframe || Number(reach) > from) return;
      events = 0;
      stop = null;
    },
  });
  let found = false;
  for (let frame = frames.nextFrame(); frame !== null; frame = frames.nextFrame()) {
    while (frame.next(STOPS)) {
      if (found) continue;
      const seen = events + frame.count;
      stop = { events: seen, written: frame.kind === EVENT.check ? seen + 1 : seen, position: frame.position };
      found = to !== null && frame.position >= to && frame.position > from;
    }
    if (!found) events += frame.count;
  }
  if (stop === null || stop.position <= start.position) throw noSuchPart(reader.path, `it ends before ${from}`);
  if (to !== null && !found) throw noSuchPart(reader.path, `it ends at ${stop.position}, before ${to}`);
  const { position: end, ...counts } = stop;
  return { header, major: reader.version.major, keyframe: start.number, from: start.position, to: end, ...counts };
}
