import { hash } from 'node:crypto';
import { parseFrame, type ContainerReader, type Frame } from '../../formats/container/index.js';
import { DecoupleError } from '../../formats/errors.js';
import { logOf, readRecordingHeader, RECORDING_FRAME, type Digest, type LogFrame } from '../../formats/recording.js';
import { breathe } from '../breathe.js';
import { recordedInstructions } from '../run-length.js';
import { throttled } from '../throttle.js';
import type { DiffOptions, DiffResult } from './diff.js';
import { differingField, type Difference } from './difference.js';
import { LOG_KINDS } from './filter.js';
import { logItems } from './log-items.js';
import { reading } from './reading.js';

const BEFORE = 5;
/** Bytes of a stream, or items, that one file may have more than the other at about the same step: more is a difference. */
const MOST_AHEAD = 64 << 20;
const MOST_ITEMS_AHEAD = 1 << 20;
const OTHER_PARTS = ['header', 'blobs', 'outcome'];

/** One of the two recordings, and what of it was not compared yet. */
class Side {
  /** Step reached. */
  to = 0;
  ended = false;
  /** Inputs, modules and outputs. */
  items: Record<string, unknown>[] = [];
  clock: Buffer = Buffer.alloc(0);
  console: Buffer = Buffer.alloc(0);
  digests = new Map<number, Digest>();
  /** Hashes of frames other than of the log. */
  blobs: string[] = [];

  constructor(
    readonly container: ContainerReader,
    private readonly ignored: ReadonlySet<string>,
  ) {}

  /** Reads the next frame. */
  advance(): void {
    const frame = this.container.next();
    if (frame === null) this.ended = true;
    else if (frame.kind === RECORDING_FRAME.log) this.take(parseFrame(this.container, frame, logOf));
    else this.blobs.push(nameOf(frame));
  }

  private take(log: LogFrame): void {
    this.to = log.to;
    reading(this.container, () => {
      for (const { kind, object } of logItems(log, true)) {
        const item = kind === 'input' || kind === 'output' || kind === 'module';
        if (item && !this.ignored.has(kind)) this.items.push(object());
      }
    });
    this.clock = Buffer.concat([this.clock, log.clock]);
    this.console = Buffer.concat([this.console, log.console]);
    this.digests.set(log.to, log.digest);
  }
}

export async function diffRecordings(
  a: ContainerReader,
  b: ContainerReader,
  { ignore, onProgress, signal }: DiffOptions,
): Promise<Pick<DiffResult, 'compared' | 'first'>> {
  const known: readonly string[] = [...LOG_KINDS, ...OTHER_PARTS];
  const strange = ignore.find((name) => !known.includes(name));
  if (strange !== undefined) {
    throw new DecoupleError('usage', `A recording has no "${strange}" to ignore.`, `It has: ${known.join(', ')}.`);
  }
  const ignored = new Set(ignore);
  const headers = [readRecordingHeader(a), readRecordingHeader(b)] as const;
  const inHeader = ignored.has('header') ? null : differingField(...headers, 'header');
  if (inHeader !== null) return { compared: 0, first: inHeader };
  const comparison = new Comparison(new Side(a, ignored), new Side(b, ignored), ignored);
  const tell = throttled(onProgress, () => recordedInstructions(a.path));
  for (;;) {
    const first = comparison.step();
    if (first !== undefined) return { compared: comparison.compared, first };
    tell({ instructions: comparison.instructions, bytes: 0 });
    await breathe(signal);
  }
}

/** Keeps the two recordings at about the same step, so that what waits for the other one stays small. */
class Comparison {
  compared = 0;
  instructions = 0;
  private readonly trail: unknown[] = [];

  constructor(
    private readonly left: Side,
    private readonly right: Side,
    private readonly ignored: ReadonlySet<string>,
  ) {}

  /** Reads one frame and compares. Undefined when there is more to do. */
  step(): Difference | null | undefined {
    const { left, right } = this;
    const behind = right.ended || (!left.ended && left.to <= right.to) ? left : right;
    behind.advance();
    const over = left.ended && right.ended;
    const first = this.blobs(over) ?? this.stream('clock', over) ?? this.items(over) ?? this.stream('console', over);
    return first ?? this.digests() ?? (over ? this.outcome() : undefined);
  }

  private blobs(over: boolean): Difference | null {
    const [a, b] = [this.left.blobs, this.right.blobs];
    while ((a.length > 0 && b.length > 0) || (over && a.length + b.length > 0)) {
      const sides = [a.shift() ?? null, b.shift() ?? null] as const;
      if (sides[0] === sides[1] || this.ignored.has('blobs')) continue;
      return { what: 'blob or overlay', position: null, sides, before: [] };
    }
    return null;
  }

  private items(over: boolean): Difference | null {
    const [a, b] = [this.left.items, this.right.items];
    const both = Math.min(a.length, b.length);
    const different = a.slice(0, both).findIndex((item, i) => JSON.stringify(item) !== JSON.stringify(b[i]));
    const same = different < 0 ? both : different;
    this.compared += same;
    this.trail.push(...a.slice(Math.max(0, same - BEFORE), same));
    this.trail.splice(0, this.trail.length - BEFORE);
    a.splice(0, same);
    b.splice(0, same);
    const ends = over || a.length + b.length > MOST_ITEMS_AHEAD;
    if (different < 0 && !(ends && a.length + b.length > 0)) return null;
    const sides = [a[0] ?? null, b[0] ?? null] as const;
    const steps = sides.flatMap((item) => (item === null ? [] : [Number(item['step'])]));
    const what = [...new Set(sides.map((item) => (item === null ? 'nothing' : (item['kind'] as string))))].join(' or ');
    return { what, position: Math.min(...steps), sides, before: this.trail };
  }

  private stream(name: 'clock' | 'console', over: boolean): Difference | null {
    const { left, right } = this;
    const [a, b] = [left[name], right[name]];
    const both = Math.min(a.length, b.length);
    const equal = a.subarray(0, both).equals(b.subarray(0, both));
    const ends = over || Math.abs(a.length - b.length) > MOST_AHEAD;
    if ((equal && !(ends && a.length !== b.length)) || this.ignored.has(name)) {
      left[name] = Buffer.from(a.subarray(both));
      right[name] = Buffer.from(b.subarray(both));
      return null;
    }
    let at = 0;
    while (at < both && a[at] === b[at]) at++;
    const shown = (bytes: Buffer): unknown =>
      name === 'clock' ? bytes.subarray(at, at + 8).toString('hex') : bytes.subarray(at, at + 40).toString('latin1');
    return {
      what: name === 'clock' ? 'clock samples' : 'console output',
      position: Math.min(left.to, right.to),
      sides: [shown(a), shown(b)],
      before: this.trail,
    };
  }

  /** Only where both have one: how often digests are taken depends on how fast the computer was. */
  private digests(): Difference | null {
    const { left, right } = this;
    for (const [step, digest] of left.digests) {
      if (step > right.to && !right.ended) continue;
      const other = right.digests.get(step);
      left.digests.delete(step);
      if (other === undefined) continue;
      this.instructions = digest.instructions;
      if (this.ignored.has('digest')) continue;
      const found = differingField(digest, other, 'digest');
      if (found !== null) return { ...found, position: step, before: this.trail };
    }
    for (const step of right.digests.keys()) if (step <= left.to) right.digests.delete(step);
    return null;
  }

  private outcome(): Difference | null {
    if (this.ignored.has('outcome')) return null;
    const outcomes = [this.left, this.right].map(({ container }) => container.end?.outcome ?? null);
    return differingField(outcomes[0], outcomes[1], 'outcome');
  }
}

function nameOf({ kind, payload }: Frame): string {
  const name = Object.entries(RECORDING_FRAME).find(([, number]) => number === kind)?.[0] ?? `kind ${kind}`;
  return `${name} frame, SHA-256 ${hash('sha256', payload)}`;
}
