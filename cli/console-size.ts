/**
 * The size of the terminal, for the guest's shell. A serial line has no way to tell it: the command of the guest's spec is
 * typed when the shell awaits one, at first and after each change.
 */
import { Pattern } from '../formats/pattern.js';
import type { ConsoleSpec } from '../guests/index.js';
import { CurrentLine } from './current-line.js';

export interface Terminal {
  rows?: number | undefined;
  columns?: number | undefined;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

/** Longer than any prompt. */
const LINE_BYTES = 200;
// eslint-disable-next-line no-control-regex -- that is what terminals are sent
const ESCAPES = /\x1b\[[0-9;?]*[A-Za-z]/g;

export class ConsoleSize {
  private readonly line = new CurrentLine(LINE_BYTES);
  /** The guest has not been told yet. */
  private pending = true;
  private readonly prompt: Pattern;
  private readonly onResize = (): void => {
    this.pending = true;
    this.tell();
  };

  /** @param type gives bytes to the guest as if they were typed */
  constructor(
    private readonly spec: ConsoleSpec,
    private readonly terminal: Terminal,
    private readonly type: (bytes: Uint8Array) => void,
  ) {
    this.prompt = new Pattern(spec.prompt);
    terminal.on('resize', this.onResize);
  }

  /** The guest begins where its shell awaits a command; the prompt was printed before. */
  begin(): void {
    if (this.isKnown()) this.send();
  }

  /** What the guest printed. */
  printed(bytes: Uint8Array): void {
    this.line.push(bytes);
    this.tell();
  }

  close(): void {
    this.terminal.off('resize', this.onResize);
  }

  /** A terminal that does not know says 0. */
  private isKnown(): boolean {
    return Boolean(this.terminal.rows) && Boolean(this.terminal.columns);
  }

  private tell(): void {
    if (!this.isKnown() || !this.pending) return;
    if (this.prompt.test(this.line.text.replace(ESCAPES, ''))) this.send();
  }

  private send(): void {
    const { rows, columns } = this.terminal;
    this.pending = false;
    const command = this.spec.resize.replaceAll('{rows}', String(rows)).replaceAll('{columns}', String(columns));
    this.type(Buffer.from(`${command}\n`));
  }
}
