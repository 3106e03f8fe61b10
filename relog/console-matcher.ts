/** Looks for expressions in what a guest prints, with a bounded memory of it. */
import { ConsoleLine } from './console-line.js';

const WINDOW = 64 << 10;

export interface Expectation {
  readonly matched: boolean;
}

/** The same expression for testing a text of several lines: `^` and `$` match at line breaks, and no place is kept. */
export function byLine(pattern: RegExp): RegExp {
  return new RegExp(pattern.source, [...new Set([...pattern.flags.replace(/[gy]/g, ''), 'm'])].join(''));
}

interface Waiting extends Expectation {
  matched: boolean;
  pattern: RegExp;
  /** Text printed since the expectation was made, the newest WINDOW characters of it. */
  text: string;
}

export class ConsoleMatcher {
  private waiting: Waiting[] = [];
  private readonly line = new ConsoleLine();
  private fresh = '';

  /** Matches what is printed from now on; `^` and `$` match at line breaks. */
  expect(pattern: RegExp): Expectation {
    this.flush();
    const waiting: Waiting = { matched: false, pattern: byLine(pattern), text: '' };
    this.waiting.push(waiting);
    return waiting;
  }

  push(byte: number): void {
    const character = String.fromCharCode(byte);
    this.fresh += character;
    this.line.push(character);
  }

  /** Matches what was printed since the last flush. Cheap when nothing was. */
  flush(): void {
    if (this.fresh === '') return;
    for (const waiting of this.waiting) {
      waiting.text = (waiting.text + this.fresh.replaceAll('\r', '')).slice(-WINDOW);
      if (waiting.pattern.test(waiting.text)) waiting.matched = true;
    }
    this.waiting = this.waiting.filter((waiting) => !waiting.matched);
    this.fresh = '';
  }

  forget(expectation: Expectation): void {
    this.waiting = this.waiting.filter((waiting) => waiting !== expectation);
  }

  /** The last line with anything in it, as a terminal shows it. */
  lastLine(): string {
    return this.line.text();
  }
}
