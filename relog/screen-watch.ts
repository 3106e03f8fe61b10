/** Looks for an expression on a guest's text screen, every now and then: looking costs time, and screens stay. */
import { Pattern } from '../formats/pattern.js';

const INTERVAL_MS = 50;

export class ScreenWatch {
  private readonly pattern: Pattern;
  private last = -Infinity;

  /** @param pattern `^` and `$` match at the ends of rows; rows end where their text does */
  constructor(pattern: string) {
    this.pattern = new Pattern(pattern);
  }

  /** @param now milliseconds, any origin */
  matches(guest: { screen(): string[] }, now: number): boolean {
    if (now - this.last < INTERVAL_MS) return false;
    this.last = now;
    return this.pattern.test(
      guest
        .screen()
        .map((row) => row.trimEnd())
        .join('\n'),
    );
  }
}
