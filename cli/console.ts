/** The guest's serial console on this terminal: keys go to the guest as they are typed, Ctrl-] ends the session. */
import type { ReadStream } from 'node:tty';

/** Ctrl-], as telnet has it: a key that no shell or editor in the guest is likely to want. */
const ESCAPE = 0x1d;

/** Keys typed at a terminal in raw mode, up to the escape key or `close`. */
export class Keyboard implements AsyncIterable<Uint8Array> {
  private readonly waiting: Uint8Array[] = [];
  private wake: (() => void) | null = null;
  private closed = false;
  private readonly onData = (bytes: Buffer) => this.typed(bytes);

  constructor(private readonly stdin: ReadStream) {
    stdin.setRawMode(true);
    stdin.on('data', this.onData);
    stdin.resume();
  }

  /** Gives the terminal back. Safe to call twice. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.stdin.off('data', this.onData);
    this.stdin.setRawMode(false);
    this.stdin.pause();
    this.wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      while (this.waiting.length > 0) yield this.waiting.shift()!;
      if (this.closed) return;
      await new Promise<void>((resolve) => (this.wake = resolve));
      this.wake = null;
    }
  }

  private typed(bytes: Buffer): void {
    const end = bytes.indexOf(ESCAPE);
    const forGuest = end < 0 ? bytes : bytes.subarray(0, end);
    if (forGuest.length > 0) this.waiting.push(Uint8Array.from(forGuest));
    if (end >= 0) this.close();
    this.wake?.();
  }
}
