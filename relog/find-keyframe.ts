/** Where to start for a position in the middle of a relog: found in its index, or in the headers of its frames. */
import type { ContainerReader } from '../formats/container/index.js';
import { RELOG_FRAME } from '../formats/relog.js';

export interface KeyframePlace {
  /** From 0. */
  number: number;
  position: number;
}

/**
 * @param reader what it gives next is not changed
 * @returns the last keyframe that is not behind the position; null when there is none
 * @throws DecoupleError damaged; usage when the input is a pipe
 */
export function findKeyframe(reader: ContainerReader, position: number): KeyframePlace | null {
  const frames = reader.frames();
  const frame = frames.lastBefore(RELOG_FRAME.keyframe, BigInt(position));
  if (frame < 0) return null;
  const number = [...frames.ofKind(RELOG_FRAME.keyframe)].indexOf(frame);
  return { number, position: Number(frames.at(frame).reach) };
}
