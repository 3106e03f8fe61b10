/**
 * Regular expressions that users and specs give. They are RE2's, written as in JavaScript: a search takes time that grows with the
 * text, whatever the expression is, so none goes on for ever. There are no references to groups, and no looking ahead.
 */
import { RE2JS } from 're2js';

export class Pattern {
  private readonly compiled: RE2JS;

  /**
   * `^` and `$` match at line breaks.
   * @throws Error that says what is wrong with the expression
   */
  constructor(readonly source: string) {
    this.compiled = RE2JS.compile(RE2JS.translateRegExp(source), RE2JS.MULTILINE);
  }

  /** Where it is first found in a text, from a place on. */
  find(text: string, from = 0): { start: number; end: number } | null {
    const matcher = this.compiled.matcher(text);
    return from <= text.length && matcher.find(from) ? { start: matcher.start(), end: matcher.end() } : null;
  }

  test(text: string): boolean {
    return this.find(text) !== null;
  }
}
