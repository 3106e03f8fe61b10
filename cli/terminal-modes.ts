/** What the guest has switched on or off in the terminal that shows it, so that it can be switched back. */

// eslint-disable-next-line no-control-regex -- that is what terminals are sent
const SWITCH = /\x1b\[\?([\d;]+)([hl])/g;
/** No terminal has a mode with a longer number; a guest may send any, and as many as it likes. */
const NUMBER = /^\d{1,4}$/;
/** The wrapping of lines and the cursor: on before anyone asks for them, as no others are. */
const AT_FIRST_ON = new Set([7, 25]);
/** The second screen, by the names it has had; editors use it. */
const SECOND_SCREEN = [47, 1047, 1049];
/** Colours, inserting, the keypad, line-drawing letters; the region that scrolls, of which the cursor knows nothing. */
const REST = '\x1b[m\x1b[4l\x1b>\x1b(B\x0f\x1b7\x1b[r\x1b8';

export class TerminalModes {
  /** By number, those that are not as they were. */
  private readonly changed = new Map<number, boolean>();
  private steered = false;

  /** @param text that the terminal is sent, which does not end within an escape sequence */
  see(text: string): void {
    this.steered ||= text.includes('\x1b');
    for (const [, numbers, way] of text.matchAll(SWITCH))
      for (const each of numbers!.split(';')) if (NUMBER.test(each)) this.set(Number(each), way!);
  }

  get onSecondScreen(): boolean {
    return SECOND_SCREEN.some((number) => this.changed.has(number));
  }

  /** What switches all of it back: nothing where the guest printed nothing but text. */
  undo(): string {
    if (!this.steered) return '';
    const modes = [...this.changed].map(([number, on]) => `\x1b[?${number}${on ? 'l' : 'h'}`).join('');
    this.changed.clear();
    this.steered = false;
    return modes + REST;
  }

  private set(number: number, way: string): void {
    const on = way === 'h';
    if (on === AT_FIRST_ON.has(number)) this.changed.delete(number);
    else this.changed.set(number, on);
  }
}
