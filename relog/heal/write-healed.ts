/** Writes a relog with effects among its events. */
import { ContainerReader, ContainerWriter, damaged, MAJOR_VERSION } from '../../formats/container/index.js';
import { EVENT_LAYOUT } from '../../formats/event-layout.js';
import { EventReader } from '../../formats/event-reader.js';
import { EventWriter } from '../../formats/event-writer.js';
import { EVENT, EVENT_NAME } from '../../formats/events.js';
import {
  readRelog,
  readRelogHeader,
  writeEvents,
  writeKeyframe,
  writePages,
  writeRelogHeader,
} from '../../formats/relog.js';
import { ShapeError } from '../../formats/shape.js';
import { breathe } from '../breathe.js';
import type { PlacedEffect } from './judge.js';

export interface HealedFile {
  output: string;
  force: boolean;
  store?: string | null | undefined;
  signal?: AbortSignal | undefined;
}

export interface HealedWritten {
  bytes: number;
  events: number;
  keyframes: number;
}

/** @throws DecoupleError what reading the input throws; output-exists, write-failed */
export async function writeHealed(
  input: string,
  effects: readonly PlacedEffect[],
  { output: path, force, store, signal }: HealedFile,
): Promise<HealedWritten> {
  const reader = new ContainerReader(input, 'relog');
  let writer: ContainerWriter | null = null;
  try {
    const { major } = reader.version;
    const version = effects.length > 0 ? MAJOR_VERSION : major;
    const header = readRelogHeader(reader);
    writer = new ContainerWriter({ path, kind: 'relog', temporary: true, force, store, major: version });
    writeRelogHeader(writer, header);
    const events = new HealedEvents(header.start, effects);
    let keyframes = 0;
    for (const item of readRelog(reader)) {
      if (item.kind === 'pages') writePages(writer, item.pages, events.position);
      else if (item.kind === 'keyframe') {
        writeKeyframe(writer, item.keyframe);
        keyframes++;
      } else {
        writeEvents(writer, events.take(item.payload), events.position);
        await breathe(signal);
      }
    }
    if (reader.end === null) writer.finishCutOff();
    else {
      const cutOff = reader.end.outcome.cutOff === true;
      writer.finish({ cutOff, events: events.count, keyframes }, BigInt(events.position));
    }
    return { bytes: writer.bytes, events: events.count, keyframes };
  } catch (error) {
    throw error instanceof ShapeError ? damaged(input, error.message, error) : error;
  } finally {
    writer?.abandon();
    reader.close();
  }
}

class HealedEvents {
  position: number;
  private readonly writer: EventWriter;
  private read = 0;
  private next = 0;

  constructor(
    start: number,
    private readonly effects: readonly PlacedEffect[],
  ) {
    this.position = start;
    this.writer = new EventWriter(start);
  }

  get count(): number {
    return this.writer.count;
  }

  /** @returns the payload with the effects that belong there. @throws ShapeError */
  take(payload: Uint8Array): Uint8Array {
    const { writer } = this;
    const reader = new EventReader(payload);
    while (reader.next()) {
      for (let effect = this.effects[this.next]; effect?.events === this.read; effect = this.effects[++this.next]) {
        const { position, eip, code, after, writes } = effect;
        writer.effect(position, eip, code, after, writes);
      }
      this.read++;
      this.position = Math.max(this.position, reader.position);
      const { kind } = reader;
      if (kind === EVENT.check) {
        const check = reader.read();
        // What a check says of the events before it is another thing now.
        if (check.kind === 'check') writer.check(check.position, check.eip, check.eflags, check.gpr, check.rep);
        continue;
      }
      const fields = EVENT_LAYOUT[EVENT_NAME.get(kind)!].length + (kind >= EVENT.interrupt ? 2 : 1);
      writer.copy(kind, reader.position, fields, payload.subarray(reader.fields, reader.end));
    }
    return writer.take();
  }
}
