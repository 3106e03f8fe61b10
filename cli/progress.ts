/** The line on the terminal that tells how far a stage is, how fast it goes and how long it will take. */
import type { Progress } from '../relog/api.js';
import { isQuiet } from './verbosity.js';
import { formatBytes, formatCount, formatSeconds } from './units.js';

export interface ProgressLine {
  update(progress: Progress): void;
  /** Takes the line off the terminal. Safe to call twice. */
  stop(): void;
}

const BAR = 24;
/** Milliseconds between drawings. */
const DRAW_EVERY = 200;
/** Seconds over which the rate is taken: long enough to be calm, short enough to follow a change of phase. */
const RATE_WINDOW = 5;

/** Seconds between lines in a log. */
const LOG_EVERY = 30;

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const CLEAR_BELOW = '\x1b[J';

/** The line that is on the terminal. */
let drawn: { clear: () => void; draw: () => void } | null = null;

export const isProgressShown = (): boolean => drawn !== null;

/** Writes to the terminal what is no progress: the line is taken off for it. */
export function besideProgress(write: () => void): void {
  drawn?.clear();
  write();
  drawn?.draw();
}

/** A progress line on stderr; where that is no terminal, a line of its own now and then. */
export function progressLine(stage: string, stream: NodeJS.WriteStream = process.stderr): ProgressLine {
  if (isQuiet()) return { update: () => undefined, stop: () => undefined };
  if (!stream.isTTY) return logLines(stage, stream);
  const rate = new Rate();
  let last: Progress = { instructions: 0, total: null, bytes: 0 };
  // The cursor waits at the line's beginning: in a terminal that has become narrower and has broken the line into several,
  // that is above all of them.
  const draw = (): void => {
    // In its last column a terminal may wait with the line’s end. One that does not know its size says 0.
    const room = (stream.columns || 80) - 1;
    stream.write(`${HIDE_CURSOR}${formatLine(stage, last, rate, room).slice(0, room)}${CLEAR_BELOW}\r`);
  };
  const clear = (): void => void stream.write(`\r${CLEAR_BELOW}${SHOW_CURSOR}`);
  const line = { clear, draw };
  const stop = (): void => {
    if (drawn !== line) return;
    clearInterval(timer);
    process.off('exit', stop);
    drawn = null;
    clear();
  };
  const timer = setInterval(draw, DRAW_EVERY).unref();
  // However the process ends, the cursor is seen.
  process.on('exit', stop);
  drawn = line;
  draw();
  return {
    update(progress) {
      last = progress;
      rate.add(performance.now() / 1000, progress.instructions);
    },
    stop,
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
      stream.write(`${formatLine(stage, progress, rate, null)}\n`);
    },
    stop: () => undefined,
  };
}

/**
 * @param rate knows the instructions a second
 * @param room columns there are, what is wanted least is left out; null in a log, where all but the bar is wanted
 */
export function formatLine(stage: string, progress: Progress, rate: Rate, room: number | null): string {
  const { instructions, total, bytes } = progress;
  const perSecond = rate.perSecond();
  const share = total === null || total === 0 ? null : Math.min(1, instructions / total);
  const filled = Math.round((share ?? 0) * BAR);
  const left = perSecond > 0 && total !== null ? formatSeconds((total - instructions) / perSecond) : '?';
  const parts = [
    { wanted: 6, text: stage },
    { wanted: 0, text: room === null || share === null ? '' : '█'.repeat(filled) + '░'.repeat(BAR - filled) },
    { wanted: 5, text: share === null ? '' : `${Math.floor(share * 100)}%`.padStart(3) },
    { wanted: share === null ? 4 : 2, text: `${formatCount(instructions)} instructions` },
    { wanted: 3, text: `${formatCount(perSecond)}/s` },
    { wanted: 4, text: share === null ? '' : `${left} left` },
    { wanted: 1, text: bytes > 0 ? formatBytes(bytes) : '' },
  ].filter(({ text }) => text !== '');
  const line = (): string => parts.map(({ text }) => text).join('  ');
  while (room !== null && parts.length > 2 && line().length > room) {
    const least = Math.min(...parts.map(({ wanted }) => wanted));
    parts.splice(
      parts.findIndex(({ wanted }) => wanted === least),
      1,
    );
  }
  return line();
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
