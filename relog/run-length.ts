/** How far a run goes, for who waits for its end: as the last frames of its file say, without what comes before them. */
import { statSync } from 'node:fs';
import { ContainerReader, parseFrame, type ContainerKind } from '../formats/container/index.js';
import { logOf, RECORDING_FRAME } from '../formats/recording.js';
import { RELOG_FRAME } from '../formats/relog.js';

/** @returns instructions of the engine's count; null for a pipe, and for a file that is not intact */
export function recordedInstructions(path: string): number | null {
  return lastOf(path, 'recording', RECORDING_FRAME.log, (reader, number) => {
    reader.seek(number);
    return parseFrame(reader, reader.next()!, logOf).digest.instructions;
  });
}

/** @returns the position that a relog ends at; null for a pipe, and for a file that is not intact */
export function lastPosition(path: string): number | null {
  return lastOf(path, 'relog', RELOG_FRAME.events, (reader, number) => Number(reader.frames().at(number).reach));
}

/** @returns instructions from a position of a relog to its end, or to another position before that; null as above */
export function lengthFrom(path: string, start: number, to = Infinity): number | null {
  const end = lastPosition(path);
  return end === null ? null : Math.min(end, to) - start;
}

/** What is wrong with a file is told by who reads all of it. */
function lastOf(
  path: string,
  kind: ContainerKind,
  frame: number,
  look: (reader: ContainerReader, number: number) => number,
): number | null {
  // A pipe is read once.
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return null;
  let reader: ContainerReader | null = null;
  try {
    reader = new ContainerReader(path, kind);
    const frames = reader.frames();
    for (let number = frames.length - 1; number >= 0; number--) {
      if (frames.at(number).kind === frame) return look(reader, number);
    }
    return null;
  } catch {
    return null;
  } finally {
    reader?.close();
  }
}
