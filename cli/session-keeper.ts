/**
 * Makes a session of what is typed at a recording: what was sent, and before each line what the guest said when it was typed. Where
 * there is nothing to wait for, as in an editor, it waits as long as the person did.
 */
import { stringify } from 'yaml';
import { CurrentLine } from './current-line.js';
import { printableJson } from './printable.js';

type Step = { send: string } | { expect: string } | { wait: string };

const ESCAPE = 0x1b;
/** Before it: Enter, and Ctrl-C, Ctrl-D, Ctrl-Z and the like, which count without an Enter. */
const SPACE = 0x20;
/** Shorter pauses are those of a typist. */
const PAUSE_MS = 300;
/** Of a line, as much as tells it apart. */
const MOST_CHARACTERS = 60;
/** Longer than any prompt. */
const LINE_CHARACTERS = 400;
const SPECIAL = /[\\^$.*+?()[\]{}|]/g;

// eslint-disable-next-line no-control-regex -- an editor puts text wherever it likes
const FULL_SCREEN = /\x1b\[[0-9;]*[HJ]/;
// eslint-disable-next-line no-control-regex -- that is what terminals are sent
const NO_TEXT = /\x1b(?:[@-_][0-9;?]*[@-~])?|[\x00-\x1f\x7f]/;

export class SessionKeeper {
  private readonly steps: Step[] = [];
  private typed: number[] = [];
  private readonly line = new CurrentLine(LINE_CHARACTERS);
  private printedSince = false;
  private last: number;

  /** @param knowsPrompt the first prompt was there before, and will not come again */
  constructor(
    private knowsPrompt: boolean,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.last = now();
  }

  /** Keys, as they are sent to the guest. */
  keys(bytes: Uint8Array): void {
    for (const [at, byte] of bytes.entries()) {
      const pause = this.now() - this.last;
      if (this.typed.length === 0 || pause > PAUSE_MS) this.begin(pause);
      this.typed.push(byte);
      this.last = this.now();
      // An arrow key is one key, and so is what a terminal answers.
      if (byte < SPACE && !(byte === ESCAPE && at < bytes.length - 1)) this.end();
    }
  }

  /** What the guest printed. */
  printed(bytes: Uint8Array): void {
    this.line.push(bytes);
    // An echo is not waited for.
    if (this.typed.length === 0) this.printedSince = true;
  }

  /** The session, as YAML. */
  text(): string {
    this.end();
    const last = this.wanted();
    const steps = last === null ? this.steps : [...this.steps, { expect: last }];
    const text = stringify(steps, { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', lineWidth: 0 });
    // YAML has the same way as JSON to write what is not seen, such as a backspace.
    return printableJson(text);
  }

  private begin(pause: number): void {
    this.end();
    const wanted = this.knowsPrompt ? null : this.wanted();
    if (wanted !== null) this.steps.push({ expect: wanted });
    else if (this.steps.length > 0 && (pause > PAUSE_MS || this.endsInEscape()))
      this.steps.push({ wait: `${Math.ceil(pause)}ms` });
    this.knowsPrompt = false;
    this.printedSince = false;
  }

  /** A guest takes what follows at once for the rest of an arrow key or the like. */
  private endsInEscape(): boolean {
    const last = this.steps.at(-1)!;
    return 'send' in last && last.send.endsWith('\x1b');
  }

  /** An expression for what the guest says; null where it says nothing that could be waited for. */
  private wanted(): string | null {
    if (!this.printedSince || FULL_SCREEN.test(this.line.text)) return null;
    const pieces = this.line.text.split(NO_TEXT);
    const at = pieces.findLastIndex((piece) => piece.trim() !== '');
    if (at < 0) return null;
    const text = pieces[at]!;
    const wanted = text.slice(-MOST_CHARACTERS).replaceAll(SPECIAL, '\\$&');
    return at === 0 && text.length <= MOST_CHARACTERS ? `^${wanted}` : wanted;
  }

  private end(): void {
    if (this.typed.length === 0) return;
    this.steps.push({ send: Buffer.from(this.typed).toString('utf8') });
    this.typed = [];
  }
}
