/** Writes terminal recordings: asciicast v2, one JSON value a line (docs.asciinema.org/manual/asciicast/v2). */
export interface CastHeader {
  /** Seconds since 1970 at time 0. */
  timestamp: number;
  title: string;
}

export class Asciicast {
  events = 0;
  private readonly lines: string[] = [];
  private readonly decoder = new TextDecoder();
  private pending = '';
  private pendingSince = 0;
  private shown = '';

  constructor({ columns, rows }: { columns: number; rows: number }, { timestamp, title }: CastHeader) {
    this.lines.push(JSON.stringify({ version: 2, width: columns, height: rows, timestamp, title }));
  }

  /**
   * Bytes of UTF-8 as they come; a character may be cut in two.
   * @param seconds since time 0
   */
  print(seconds: number, bytes: Uint8Array): void {
    if (this.pending === '') this.pendingSince = seconds;
    this.pending += this.decoder.decode(bytes, { stream: true });
  }

  /** What was printed since the last flush becomes one event. */
  flush(): void {
    if (this.pending !== '') this.event(this.pendingSince, this.pending);
    this.pending = '';
  }

  /** Draws a screen anew if it is not the one drawn last. Rows without end: graphics modes have none. */
  show(seconds: number, rows: string[]): void {
    const screen = rows.map((row) => row.trimEnd()).join('\r\n');
    if (screen === this.shown) return;
    this.shown = screen;
    // Home and clear; without a newline at the end, which would scroll.
    this.event(seconds, `\x1b[H\x1b[2J${screen}`);
  }

  text(): string {
    this.flush();
    return `${this.lines.join('\n')}\n`;
  }

  private event(seconds: number, data: string): void {
    this.events++;
    this.lines.push(JSON.stringify([Number(seconds.toFixed(6)), 'o', data]));
  }
}
