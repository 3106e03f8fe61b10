/** The line that a guest is printing, with all that a terminal is sent. */
export class CurrentLine {
  text = '';

  /**
   * @param most characters that are kept: more than any prompt has
   * @param start what has a line begin, with a flag `g`
   */
  constructor(
    private readonly most: number,
    private readonly start = /[\r\n]/g,
  ) {}

  /** @returns what had a line begin; null if none did */
  push(bytes: Uint8Array): string | null {
    const text = this.text + Buffer.from(bytes).toString('latin1');
    const last = [...text.matchAll(this.start)].at(-1);
    this.text = text.slice(last === undefined ? 0 : last.index + last[0].length).slice(-this.most);
    return last?.[0] ?? null;
  }
}
