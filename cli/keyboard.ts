/** The guest's keyboard on this terminal: keys go to the guest as they are typed, Ctrl-] ends the session. */
import type { ReadStream } from 'node:tty';

/** Ctrl-], as telnet has it: a key that no shell or editor in the guest is likely to want. */
const ESCAPE = 0x1d;
/** Ctrl-^: as unlikely. */
const STATUS = 0x1e;

/** Keys typed at a terminal in raw mode, up to the escape key or `close`. */
export class Keyboard implements AsyncIterable<Uint8Array> {
  /** The escape key ended it. */
  escaped = false;
  private readonly waiting: Uint8Array[] = [];
  private wake: (() => void) | null = null;
  private closed = false;
  private readonly onData = (bytes: Buffer) => this.typed(bytes);

  /**
   * @param onKeys is told what is typed for the guest
   * @param onStatus the user asks how far it is
   */
  constructor(
    private readonly stdin: ReadStream,
    private readonly onKeys: (bytes: Uint8Array) => void = () => undefined,
    private readonly onStatus: () => void = () => undefined,
  ) {
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

  /** As if it were typed. */
  give(bytes: Uint8Array): void {
    this.waiting.push(bytes);
    this.wake?.();
  }

  private typed(bytes: Buffer): void {
    const end = bytes.indexOf(ESCAPE);
    const before = end < 0 ? bytes : bytes.subarray(0, end);
    const forGuest = before.filter((byte) => byte !== STATUS);
    if (forGuest.length < before.length) this.onStatus();
    if (forGuest.length > 0) {
      this.onKeys(forGuest);
      this.give(Uint8Array.from(forGuest));
    }
    if (end >= 0) {
      this.escaped = true;
      this.close();
    }
  }
}
