/** The last line that a guest printed, as it stands on a terminal: what is overwritten or erased there is gone. */
const ESCAPE = '\x1b';
const MOST_COLUMNS = 200;
/** Of control sequences (ECMA-48, 5.4): the final character. */
const FINAL = /[@-~]/;

export class ConsoleLine {
  private line: string[] = [];
  private column = 0;
  private previous = '';
  /** A control sequence that is not at its end; null outside of one. */
  private sequence: string | null = null;

  push(character: string): void {
    if (this.sequence !== null) this.control(character);
    else if (character === ESCAPE) this.sequence = '';
    else if (character === '\n') this.breakLine();
    else if (character === '\r') this.column = 0;
    else if (character === '\b') this.column = Math.max(0, this.column - 1);
    else if (character >= ' ' && character !== '\x7f') this.put(character);
  }

  /** The last line with anything in it. */
  text(): string {
    const line = this.current();
    return line.trim() === '' ? this.previous : line;
  }

  private current(): string {
    return Array.from(this.line, (character) => character ?? ' ')
      .join('')
      .trimEnd();
  }

  private put(character: string): void {
    if (this.column < MOST_COLUMNS) this.line[this.column++] = character;
  }

  private breakLine(): void {
    const line = this.current();
    if (line.trim() !== '') this.previous = line;
    this.line = [];
    this.column = 0;
  }

  private control(character: string): void {
    const sequence = this.sequence! + character;
    this.sequence = sequence;
    const begins = sequence === '[';
    // Others than `ESC [` have one character here, or are cut off where they are long.
    if (sequence.length > 32 || !sequence.startsWith('[')) this.sequence = null;
    else if (!begins && FINAL.test(character)) {
      this.sequence = null;
      this.apply(character, sequence.slice(1, -1));
    }
  }

  private apply(final: string, parameters: string): void {
    const count = Math.min(MOST_COLUMNS, Math.max(1, Number.parseInt(parameters, 10) || 1));
    if (final === 'C') this.column = Math.min(MOST_COLUMNS, this.column + count);
    else if (final === 'D') this.column = Math.max(0, this.column - count);
    else if (final === 'G') this.column = count - 1;
    else if (final === 'K') this.erase(parameters);
    else if ('ABEFHJfd'.includes(final)) this.breakLine();
  }

  private erase(parameters: string): void {
    if (parameters === '' || parameters === '0') this.line.length = Math.min(this.line.length, this.column);
    else if (parameters === '2') this.line = [];
    else for (let i = 0; i <= this.column && i < this.line.length; i++) this.line[i] = ' ';
  }
}
