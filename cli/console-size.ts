/**
 * The size of the terminal, for the guest's shell. A serial line has no way to tell it: the command of the guest's spec is
 * typed when the shell awaits one, at first and after each change. Nothing else in the guest ever gets it typed.
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
/** What is printed next has nothing before it: after an editor, too, which puts the prompt where it likes. */
// eslint-disable-next-line no-control-regex -- that is what terminals are sent
const NEW_LINE = /[\n\r]|\x1b\[[\d;]*[Hf]|\x1b\[\?(?:47|1047|1049)[hl]/g;
// eslint-disable-next-line no-control-regex
const ESCAPES = /\x1b\[[0-9;?]*[A-Za-z]/g;
// eslint-disable-next-line no-control-regex
const CONTROL = /[\0-\x1f\x7f]/g;
/** Who prints more than a prompt does not wait so long in between; nor do those who drag a window's corner. */
const SILENCE_MS = 150;

export class ConsoleSize {
  private readonly line = new CurrentLine(LINE_BYTES, NEW_LINE);
  /** What had the line begin. */
  private start = '\n';
  /** There is something in the line that the user typed. */
  private typedInto = false;
  /** The guest has not been told yet. */
  private pending = true;
  private timer: NodeJS.Timeout | undefined;
  private readonly prompt: Pattern;
  private readonly onResize = (): void => {
    this.pending = true;
    this.tellSoon();
  };

  /**
   * @param type gives bytes to the guest as if they were typed
   * @param screen where an editor has all of it, a text that is put somewhere is no prompt; one below the last line is, of a
   *   shell that the editor was stopped for
   */
  constructor(
    private readonly spec: ConsoleSpec,
    private readonly terminal: Terminal,
    private readonly type: (bytes: Uint8Array) => void,
    private readonly screen: { readonly isTaken: boolean },
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
    const start = this.line.push(bytes);
    if (start !== null) {
      this.typedInto = false;
      this.start = start;
    }
    this.tellSoon();
  }

  /** Keys of the user, among which are the terminal's answers to what the guest asks it. */
  typed(bytes: Uint8Array): void {
    const text = Buffer.from(bytes).toString('latin1').replace(ESCAPES, '').replace(CONTROL, '');
    this.typedInto ||= text !== '';
    this.tellSoon();
  }

  close(): void {
    clearTimeout(this.timer);
    this.terminal.off('resize', this.onResize);
  }

  /** A terminal that does not know says 0. */
  private isKnown(): boolean {
    return Boolean(this.terminal.rows) && Boolean(this.terminal.columns);
  }

  /** Once nobody has said anything for a while. */
  private tellSoon(): void {
    clearTimeout(this.timer);
    if (this.pending) this.timer = setTimeout(() => this.tell(), SILENCE_MS);
  }

  private tell(): void {
    if (!this.isKnown() || this.typedInto || (this.screen.isTaken && this.start !== '\n')) return;
    if (this.prompt.test(this.line.text.replace(ESCAPES, ''))) this.send();
  }

  private send(): void {
    const { rows, columns } = this.terminal;
    this.pending = false;
    const command = this.spec.resize.replaceAll('{rows}', String(rows)).replaceAll('{columns}', String(columns));
    this.type(Buffer.from(`${command}\n`));
  }
}
