/** Takes what goes to stdout and stderr, as long as it lasts. */

/** Kept of each: a dump may be long. */
const MOST = 64 << 10;

export class TakenOutput {
  private out = '';
  private err = '';
  private readonly before = {
    out: process.stdout.write.bind(process.stdout),
    err: process.stderr.write.bind(process.stderr),
  };

  constructor() {
    process.stdout.write = (text: string | Uint8Array) => this.take('out', text);
    process.stderr.write = (text: string | Uint8Array) => this.take('err', text);
  }

  /** @returns the beginnings of both */
  end(): { out: string; err: string } {
    process.stdout.write = this.before.out;
    process.stderr.write = this.before.err;
    return { out: this.out, err: this.err };
  }

  private take(stream: 'out' | 'err', text: string | Uint8Array): true {
    if (this[stream].length < MOST) this[stream] += typeof text === 'string' ? text : Buffer.from(text).toString();
    return true;
  }
}
