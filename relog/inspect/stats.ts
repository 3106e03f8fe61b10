/** The stage `stats`: how many events of each kind a file has, and what they cost. */
import { ContainerReader, parseFrame, type ContainerKind, type Frame } from '../../formats/container/index.js';
import { EVENT_TITLE } from '../../formats/events.js';
import { logOf, readRecordingHeader, RECORDING_FRAME } from '../../formats/recording.js';
import { readRelogHeader, RELOG_FRAME } from '../../formats/relog.js';
import { VarintReader } from '../../formats/varint.js';
import { breathe } from '../breathe.js';
import type { StageOptions } from '../api.js';
import { lengthFrom, recordedInstructions } from '../run-length.js';
import { throttled } from '../throttle.js';
import { wrongKindToInspect } from './container-kind.js';
import { asDamage } from './reading.js';
import { RelogEvents } from './relog-events.js';

export interface StatsOptions extends StageOptions {
  input: string;
}

export interface KindStats {
  kind: string;
  events: number;
  /** As encoded, before compression. */
  bytes: number;
}

export interface FrameStats {
  kind: string;
  frames: number;
  /** In the file, headers included, and when unpacked. */
  bytes: number;
  unpackedBytes: number;
}

export interface StatsResult {
  kind: ContainerKind;
  /** Of the file. */
  bytes: number;
  /** Of a relog exact, of a recording as the machine counts. */
  instructions: number;
  keyframes: number;
  /** Of a relog by kind of event; of a recording by what its log holds. */
  events: KindStats[];
  frames: FrameStats[];
  cutOff: boolean;
}

/** @throws DecoupleError what reading a container throws */
export async function stats(options: StatsOptions): Promise<StatsResult> {
  const container = new ContainerReader(options.input);
  try {
    if (container.kind === 'relog') return await statsOfRelog(container, options);
    if (container.kind === 'recording') return await statsOfRecording(container, options);
    throw wrongKindToInspect(container);
  } catch (error) {
    throw asDamage(options.input, error);
  } finally {
    container.close();
  }
}

/** Frames by kind, in the order of their first. */
class FrameCounter {
  readonly counts = new Map<number, FrameStats>();
  private readonly names: Map<number, string>;

  constructor(kinds: Record<string, number>) {
    this.names = new Map(Object.entries(kinds).map(([name, kind]) => [kind, name]));
  }

  add({ kind, fileBytes, rawBytes }: Pick<Frame, 'kind' | 'fileBytes' | 'rawBytes'>): void {
    let count = this.counts.get(kind);
    if (count === undefined) {
      count = { kind: this.names.get(kind) ?? `kind ${kind}`, frames: 0, bytes: 0, unpackedBytes: 0 };
      this.counts.set(kind, count);
    }
    count.frames++;
    count.bytes += fileBytes;
    count.unpackedBytes += rawBytes;
  }
}

async function statsOfRelog(container: ContainerReader, options: StatsOptions): Promise<StatsResult> {
  const frames = new FrameCounter(RELOG_FRAME);
  const { start } = readRelogHeader(container);
  const tell = throttled(options.onProgress, () => lengthFrom(options.input, start));
  const kinds = new Float64Array(256);
  const bytes = new Float64Array(256);
  let position = start;
  const source = new RelogEvents(container, { onFrame: (frame) => frames.add(frame) });
  for (let events = source.nextFrame(); events !== null; events = source.nextFrame()) {
    while (events.next()) {
      kinds[events.kind]!++;
      bytes[events.kind]! += events.end - events.start;
    }
    position = events.position;
    tell({ instructions: position - start, bytes: 0 });
    await breathe(options.signal);
  }
  const { kind, size, cutOff } = container;
  return {
    ...{ kind, bytes: size, instructions: position - start, cutOff },
    keyframes: frames.counts.get(RELOG_FRAME.keyframe)?.frames ?? 0,
    events: [...EVENT_TITLE]
      .map(([number, title]) => ({ kind: title, events: kinds[number]!, bytes: bytes[number]! }))
      .filter(({ events }) => events > 0),
    frames: [...frames.counts.values()],
  };
}

async function statsOfRecording(container: ContainerReader, options: StatsOptions): Promise<StatsResult> {
  const tell = throttled(options.onProgress, () => recordedInstructions(options.input));
  const frames = new FrameCounter(RECORDING_FRAME);
  const kinds = new Map<string, KindStats>();
  const add = (kind: string, events: number, bytes: number): void => {
    const count = kinds.get(kind) ?? { kind, events: 0, bytes: 0 };
    kinds.set(kind, { kind, events: count.events + events, bytes: count.bytes + bytes });
  };
  let instructions = 0;
  readRecordingHeader(container);
  for (;;) {
    const frame = container.next(({ kind }) => kind === RECORDING_FRAME.log);
    if (frame === null) break;
    frames.add(frame);
    if (frame.kind !== RECORDING_FRAME.log) continue;
    const log = parseFrame(container, frame, logOf);
    add('clock', samplesIn(log.clock), log.clock.length);
    for (const input of log.inputs) {
      if (input.kind === 'module') add('module', 1, 1);
      else add(`input ${input.input.channel}`, 1, input.input.value.length);
    }
    for (const { channel, bytes } of log.outputs) add(`output ${channel}`, 1, bytes.length);
    if (log.console.length > 0) add('console', 1, log.console.length);
    add('digest', 1, 0);
    instructions = log.digest.instructions;
    tell({ instructions, bytes: 0 });
    await breathe(options.signal);
  }
  const { kind, size, cutOff } = container;
  const events = [...kinds.values()];
  return { kind, bytes: size, instructions, cutOff, keyframes: 0, events, frames: [...frames.counts.values()] };
}

function samplesIn(clock: Uint8Array): number {
  let samples = 0;
  for (const reader = new VarintReader(clock); !reader.done; samples++) reader.next();
  return samples;
}
