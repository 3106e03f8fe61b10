/** The line on the terminal that tells how far a stage is, how fast it goes and how long it will take. */
import { Presets, SingleBar } from 'cli-progress';
import type { Progress } from '../relog/api.js';
import { isQuiet } from './verbosity.js';
import { formatBytes, formatCount, formatSeconds } from './units.js';

export interface ProgressLine {
  update(progress: Progress): void;
  /** Takes the line off the terminal. Safe to call twice. */
  stop(): void;
}

const WIDTH = 24;
/** Seconds over which the rate is taken: long enough to be calm, short enough to follow a change of phase. */
const RATE_WINDOW = 5;

/** Seconds between lines in a log. */
const LOG_EVERY = 30;

/** The bar that is on the terminal. */
let drawn: { bar: SingleBar; last: () => Progress } | null = null;

/** Writes to the terminal what is no progress: the bar is taken off for it, which else writes over it. */
export function besideProgress(write: () => void): void {
  drawn?.bar.stop();
  write();
  if (drawn === null) return;
  const { instructions, total } = drawn.last();
  drawn.bar.start(total === null || total === 0 ? 1 : total, instructions);
}

/** A progress line on stderr; where that is no terminal, a line of its own now and then. */
export function progressLine(stage: string, stream: NodeJS.WriteStream = process.stderr): ProgressLine {
  if (isQuiet()) return { update: () => undefined, stop: () => undefined };
  if (!stream.isTTY) return logLines(stage, stream);
  const rate = new Rate();
  let last: Progress = { instructions: 0, total: null, bytes: 0 };
  const bar = new SingleBar(
    {
      stream,
      hideCursor: true,
      clearOnComplete: true,
      fps: 5,
      format: () => formatLine(stage, last, rate),
    },
    Presets.shades_classic,
  );
  bar.start(1, 0);
  drawn = { bar, last: () => last };
  return {
    update(progress) {
      last = progress;
      rate.add(performance.now() / 1000, progress.instructions);
      if (progress.total !== null && progress.total > 0) bar.setTotal(progress.total);
      bar.update(progress.instructions);
    },
    stop() {
      bar.stop();
      if (drawn?.bar === bar) drawn = null;
    },
  };
}

function logLines(stage: string, stream: NodeJS.WritableStream): ProgressLine {
  const rate = new Rate();
  let told = performance.now() / 1000;
  return {
    update(progress) {
      const now = performance.now() / 1000;
      rate.add(now, progress.instructions);
      if (now - told < LOG_EVERY) return;
      told = now;
      stream.write(`${formatLine(stage, progress, rate, false)}\n`);
    },
    stop: () => undefined,
  };
}

/** The line without its colours; `rate` knows the instructions a second. */
export function formatLine(stage: string, { instructions, total, bytes }: Progress, rate: Rate, asBar = true): string {
  const perSecond = rate.perSecond();
  const speed = `${formatCount(perSecond)}/s`;
  const written = bytes > 0 ? `  ${formatBytes(bytes)}` : '';
  if (total === null || total === 0) return `${stage}  ${formatCount(instructions)} instructions  ${speed}${written}`;
  const share = Math.min(1, instructions / total);
  const filled = Math.round(share * WIDTH);
  const bar = asBar ? `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ` : '';
  const left = perSecond > 0 ? formatSeconds((total - instructions) / perSecond) : '?';
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  return `${stage}  ${bar}${percent}  ${formatCount(instructions)} instructions  ${speed}  ${left} left${written}`;
}

/** Instructions a second over the last few seconds. */
export class Rate {
  private readonly samples: { time: number; count: number }[] = [];

  /** @param time in seconds, from any start */
  add(time: number, count: number): void {
    // A stage that goes through the run again counts anew.
    if (count < (this.samples.at(-1)?.count ?? 0)) this.samples.length = 0;
    this.samples.push({ time, count });
    while (this.samples.length > 2 && time - this.samples[0]!.time > RATE_WINDOW) this.samples.shift();
  }

  perSecond(): number {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    if (first === undefined || last === undefined || last.time <= first.time) return 0;
    return (last.count - first.count) / (last.time - first.time);
  }
}
