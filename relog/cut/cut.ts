/** The stage `cut`: a part of a relog as a relog of its own, from a keyframe on. */
import { ContainerReader, ContainerWriter, damaged } from '../../formats/container/index.js';
import { applyPages } from '../../formats/pages.js';
import {
  readRelog,
  readRelogHeader,
  writeEvents,
  writeKeyframe,
  writePages,
  writeRelogHeader,
  type Keyframe,
} from '../../formats/relog.js';
import { ShapeError } from '../../formats/shape.js';
import { breathe } from '../breathe.js';
import type { StageOptions } from '../api.js';
import { BufferRegion, ChangedPages } from '../changed-pages.js';
import { throttled } from '../throttle.js';
import { EventPart } from './event-part.js';
import { planCut, type CutPlan } from './plan.js';
import { SaidRam } from './said-ram.js';

export interface CutOptions extends StageOptions {
  input: string;
  output: string;
  force: boolean;
  store?: string | null | undefined;
  /** Position: the cut starts at the last keyframe that is not behind it. */
  from: number;
  /** Position: the cut ends at the first check or keyframe at or behind it; null: with the relog. */
  to: number | null;
}

export interface CutResult {
  output: string;
  /** Positions. */
  from: number;
  to: number;
  events: number;
  keyframes: number;
  bytes: number;
  seconds: number;
}

/** @throws DecoupleError usage, output-exists, write-failed; what reading a relog throws */
export async function cut(options: CutOptions): Promise<CutResult> {
  const began = performance.now();
  const { input, output: path, force, store } = options;
  try {
    const plan = reading(input, (reader) => planCut(reader, options.from, options.to));
    const writer = new ContainerWriter({ path, kind: 'relog', temporary: true, force, store, major: plan.major });
    try {
      const keyframes = await copyPart(options, plan, writer);
      const { written: events, from, to } = plan;
      writer.finish({ cutOff: false, events, keyframes }, BigInt(to));
      const seconds = (performance.now() - began) / 1000;
      return { output: path, from, to, events, keyframes, bytes: writer.bytes, seconds };
    } finally {
      writer.abandon();
    }
  } catch (error) {
    throw error instanceof ShapeError ? damaged(input, error.message, error) : error;
  }
}

/** @returns keyframes written */
async function copyPart(options: CutOptions, plan: CutPlan, writer: ContainerWriter): Promise<number> {
  const { header } = plan;
  const tell = throttled(options.onProgress, () => plan.to - plan.from);
  const ram = new SaidRam(header.ram);
  const part = new EventPart(plan);
  let started = false;
  let keyframes = 0;
  const reader = new ContainerReader(options.input, 'relog');
  const begin = (keyframe: Keyframe): void => {
    writeRelogHeader(writer, { ...header, start: plan.from });
    const now = ram.buffers.map((buffer) => new BufferRegion(buffer));
    for (const pages of new ChangedPages(header.ram).take(now)) writePages(writer, pages, plan.from);
    write(keyframe);
    started = true;
  };
  const write = (keyframe: Keyframe): void => writeKeyframe(writer, { ...keyframe, index: keyframes++ });
  try {
    readRelogHeader(reader);
    for (const item of readRelog(reader, () => started)) {
      if (item.kind === 'keyframe') {
        if (started) write(item.keyframe);
        else if (item.keyframe.index === plan.keyframe) begin(item.keyframe);
      } else if (item.kind === 'pages') {
        if (started) writePages(writer, item.pages, part.position);
        else applyPages(item.pages, ram);
      } else if (started) {
        const payload = part.take(item.payload);
        writeEvents(writer, payload, part.position);
        if (part.ended) return keyframes;
        tell({ instructions: part.position - plan.from, bytes: writer.bytes });
        await breathe(options.signal);
      }
    }
    throw damaged(options.input, 'it changed while it was read');
  } finally {
    reader.close();
  }
}

function reading<T>(path: string, read: (reader: ContainerReader) => T): T {
  const reader = new ContainerReader(path, 'relog');
  try {
    return read(reader);
  } finally {
    reader.close();
  }
}
