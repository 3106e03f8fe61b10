/** Looks for expressions in what a guest prints, with a bounded memory of it. */
import { Pattern } from '../formats/pattern.js';
import { ConsoleLine } from './console-line.js';

const WINDOW = 64 << 10;

export interface Expectation {
  readonly matched: boolean;
}

interface Waiting extends Expectation {
  matched: boolean;
  pattern: Pattern;
  /** Text printed since the expectation was made, the newest WINDOW characters of it. */
  text: string;
  /** Where in the text it is looked for, or behind what was found. */
  from: number;
}

export class ConsoleMatcher {
  private waiting: Waiting[] = [];
  /** The one that was met last: what is printed behind it may be expected next. */
  private met: Waiting | null = null;
  private readonly line = new ConsoleLine();
  private fresh = '';

  /**
   * Matches what is printed from now on; `^` and `$` match at line breaks.
   * @param behind one that was met: what was printed behind it counts, too, if no other was met since
   */
  expect(pattern: string, behind: Expectation | null = null): Expectation {
    this.flush();
    const { text, from } = behind !== null && behind === this.met ? this.met : { text: '', from: 0 };
    const waiting: Waiting = { matched: false, pattern: new Pattern(pattern), text, from };
    if (!this.meets(waiting)) this.waiting.push(waiting);
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
    const fresh = this.fresh.replaceAll('\r', '');
    this.fresh = '';
    if (this.met !== null) append(this.met, fresh);
    this.waiting = this.waiting.filter((waiting) => {
      append(waiting, fresh);
      return !this.meets(waiting);
    });
  }

  private meets(waiting: Waiting): boolean {
    const found = waiting.pattern.find(waiting.text, waiting.from);
    if (found === null) return false;
    waiting.matched = true;
    waiting.from = found.end;
    this.met = waiting;
    return true;
  }

  forget(expectation: Expectation): void {
    this.waiting = this.waiting.filter((waiting) => waiting !== expectation);
  }

  /** The last line with anything in it, as a terminal shows it. */
  lastLine(): string {
    return this.line.text();
  }
}

function append(waiting: Waiting, fresh: string): void {
  const text = waiting.text + fresh;
  waiting.text = text.slice(-WINDOW);
  waiting.from = Math.max(0, waiting.from - (text.length - waiting.text.length));
}
