/** The stage `dump`: what a relog or a recording holds, as JSON lines, in memory bounded by one frame. */
import { ContainerReader, parseFrame } from '../../formats/container/index.js';
import { logOf, readRecordingHeader, RECORDING_FRAME } from '../../formats/recording.js';
import { readRelogHeader } from '../../formats/relog.js';
import { wrongKindToInspect } from './container-kind.js';
import { eventText } from './event-json.js';
import { EventFilter, LogFilter, type FilterOptions } from './filter.js';
import { logItems } from './log-items.js';
import { asDamage } from './reading.js';
import { RelogEvents } from './relog-events.js';

export interface DumpOptions extends FilterOptions {
  input: string;
  /** Bytes of DMA, network frames and consoles in full, instead of their number and hash. */
  data: boolean;
  /** Lines at the most. */
  limit: number;
}

export interface DumpPiece {
  /** Whole lines; empty when a stretch of the file has none that are wanted. */
  text: string;
  /** Position or step reached. */
  reached: number;
  /** Only in the last piece: the file stops without an end. */
  cutOff: boolean;
}

const PIECE_CHARACTERS = 64 << 10;

/**
 * Stops as soon as nothing more can be wanted; what comes behind that in the file is not looked at.
 * @throws DecoupleError what reading a container throws; usage
 */
export function* dump(options: DumpOptions): Generator<DumpPiece> {
  const container = new ContainerReader(options.input);
  try {
    if (container.kind === 'relog') yield* dumpRelog(container, options);
    else if (container.kind === 'recording') yield* dumpRecording(container, options);
    else throw wrongKindToInspect(container);
  } catch (error) {
    throw asDamage(options.input, error);
  } finally {
    container.close();
  }
}

function* dumpRelog(container: ContainerReader, options: DumpOptions): Generator<DumpPiece> {
  const { from, to, data, limit } = options;
  const filter = new EventFilter(options);
  readRelogHeader(container);
  const frames = new RelogEvents(container, { from, to });
  let lines = 0;
  let text = '';
  for (let events = frames.nextFrame(); events !== null; events = frames.nextFrame()) {
    while (events.next(filter.wanted)) {
      if (events.position < from || !filter.matches(events)) continue;
      if (events.position > to) {
        yield { text, reached: to, cutOff: false };
        return;
      }
      text += `${eventText(events.read(), data)}\n`;
      lines++;
      if (lines < limit && text.length < PIECE_CHARACTERS) continue;
      yield { text, reached: events.position, cutOff: false };
      if (lines === limit) return;
      text = '';
    }
    yield { text, reached: events.position, cutOff: false };
    text = '';
  }
  yield { text, reached: to, cutOff: container.cutOff };
}

function* dumpRecording(container: ContainerReader, options: DumpOptions): Generator<DumpPiece> {
  const { from, to, data, limit } = options;
  const filter = new LogFilter(options);
  readRecordingHeader(container);
  let lines = 0;
  for (;;) {
    const wanted = ({ kind, reach }: { kind: number; reach: bigint }): boolean =>
      kind === RECORDING_FRAME.log && reach >= BigInt(from);
    const frame = container.next(wanted);
    if (frame === null) break;
    if (!wanted(frame)) continue;
    const log = parseFrame(container, frame, logOf);
    let text = '';
    for (const { step, kind, channel, object } of logItems(log, data)) {
      if (step < from || step > to || !filter.wants(kind, channel)) continue;
      text += `${JSON.stringify(object())}\n`;
      if (++lines < limit) continue;
      yield { text, reached: step, cutOff: false };
      return;
    }
    yield { text, reached: log.to, cutOff: false };
    if (log.from > to) return;
  }
  yield { text: '', reached: to, cutOff: container.cutOff };
}
