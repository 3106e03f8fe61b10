/** The guest's console on a terminal, or wherever what it prints goes. */
import { printableLine } from './printable.js';
import { TerminalModes } from './terminal-modes.js';
import { wrap } from './wrap.js';

/** The beginning of an escape sequence; of one that carries a text, up to its end. */
// eslint-disable-next-line no-control-regex -- that is what terminals are sent
const UNFINISHED = /\x1b(?:[ -/]*|\[[ -?]*|[\]P][^\x07\x1b]*\x1b?)$/;
/** Longer texts in them are shown as they come. */
const MOST_HELD = 4096;
/** What a terminal answers as if it were typed: where its cursor is, what it is, which colours it has. */
// eslint-disable-next-line no-control-regex
const QUESTION = /\x1b\[[ -?]*[cntx]|\x1b\[[ -?]*\$p|\x1bZ|\x05|\x1b[\]P][^\x07\x1b]*(?:\x07|\x1b\\)/g;

export class Screen {
  private lastByte = 0x0a;
  private held = '';
  private readonly modes = new TerminalModes();
  /** However the process ends. */
  private readonly onExit = (): void => this.close();

  /**
   * @param stream stdout, or stderr when that is kept for JSON
   * @param answered what the terminal answers reaches the guest; else the next to read it would be the user's shell
   */
  constructor(
    private readonly stream: NodeJS.WriteStream,
    private readonly answered: boolean,
  ) {
    process.on('exit', this.onExit);
  }

  readonly print = (bytes: Uint8Array): void => {
    this.lastByte = bytes.at(-1) ?? this.lastByte;
    this.stream.write(this.stream.isTTY ? this.forTerminal(bytes) : bytes);
  };

  /** An editor or the like has the whole screen. */
  get isTaken(): boolean {
    return this.modes.onSecondScreen;
  }

  /** A line of our own: between the guest's, or over the first one of a screen that is taken, which else would scroll. */
  note(line: string): void {
    const text = printableLine(line);
    if (this.isTaken) {
      this.stream.write(`\x1b7\x1b[H${text.slice(0, this.stream.columns)}\x1b[K\x1b8`);
      return;
    }
    this.endLine();
    this.stream.write(`${wrap(text, this.stream)}\n`);
  }

  /** Gives the terminal back, what comes next on a line of its own and nothing below it. Safe to call twice. */
  close(): void {
    process.off('exit', this.onExit);
    this.held = '';
    const undo = this.modes.undo();
    if (undo !== '') this.stream.write(undo);
    this.endLine();
    if (undo !== '') this.stream.write('\x1b[J');
  }

  private endLine(): void {
    if (this.lastByte !== 0x0a) this.stream.write('\n');
    this.lastByte = 0x0a;
  }

  /** Whole sequences only: a note within one would break both. */
  private forTerminal(bytes: Uint8Array): Uint8Array {
    const text = this.held + Buffer.from(bytes).toString('latin1');
    const at = text.slice(-MOST_HELD).search(UNFINISHED);
    this.held = at < 0 ? '' : text.slice(-MOST_HELD).slice(at);
    const whole = text.slice(0, text.length - this.held.length);
    this.modes.see(whole);
    return Buffer.from(this.answered ? whole : whole.replace(QUESTION, ''), 'latin1');
  }
}
