/** Where to start for a position in the middle of a relog. Only headers of frames are looked at. */
import { ContainerReader } from '../formats/container/index.js';
import { RELOG_FRAME } from '../formats/relog.js';

/**
 * @returns the number of the last keyframe, from 0, that is not behind the position; the first if all are
 * @throws DecoupleError what reading a relog throws
 */
export function findKeyframe(path: string, position: number): number {
  const reader = new ContainerReader(path, 'relog');
  try {
    let keyframes = 0;
    for (;;) {
      const frame = reader.next(() => false);
      if (frame === null) break;
      if (frame.kind !== RELOG_FRAME.keyframe) continue;
      if (frame.reach > BigInt(position)) break;
      keyframes++;
    }
    return Math.max(0, keyframes - 1);
  } finally {
    reader.close();
  }
}
