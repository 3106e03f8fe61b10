/** Plays a session: types, waits, and watches the console for what is expected. */
import { DecoupleError } from '../formats/errors.js';
import type { SessionStep } from './api.js';
import type { ConsoleMatcher, Expectation } from './console-matcher.js';

export class SessionRunner {
  private at = 0;
  private until = 0;
  private expectation: Expectation | null = null;

  /**
   * @param type sends bytes to the guest's serial console
   * @param now milliseconds, any origin
   */
  constructor(
    private readonly steps: SessionStep[],
    private readonly matcher: ConsoleMatcher,
    private readonly type: (bytes: Uint8Array) => void,
    private readonly now: () => number,
  ) {}

  get done(): boolean {
    return this.at >= this.steps.length;
  }

  /**
   * Goes as far as possible now.
   * @throws DecoupleError expect-timeout
   */
  advance(): void {
    for (let step = this.steps[this.at]; step !== undefined; step = this.steps[this.at]) {
      if (!this.complete(step)) return;
      this.at++;
    }
  }

  private complete(step: SessionStep): boolean {
    switch (step.kind) {
      case 'send':
        // What comes next is expected in answer to this, so it is watched for from here on.
        this.watchFor(this.steps[this.at + 1]);
        this.type(step.bytes);
        return true;
      case 'wait':
        if (this.until === 0) this.until = this.now() + step.seconds * 1000;
        if (this.now() < this.until) return false;
        this.until = 0;
        return true;
      case 'expect':
        if (this.expectation === null) this.watchFor(step);
        if (this.expectation!.matched) {
          this.expectation = null;
          return true;
        }
        if (this.now() > this.until) throw timeout(step, this.matcher.lastLine());
        return false;
    }
  }

  private watchFor(step: SessionStep | undefined): void {
    if (step?.kind !== 'expect') return;
    this.expectation = this.matcher.expect(step.pattern);
    this.until = this.now() + step.timeoutSeconds * 1000;
  }
}

function timeout(step: SessionStep & { kind: 'expect' }, lastLine: string): DecoupleError {
  return new DecoupleError(
    'expect-timeout',
    `The guest did not print ${String(step.pattern)} within ${step.timeoutSeconds} s; its last line was ${JSON.stringify(lastLine)}.`,
    'The recording up to here is valid. Correct the expression, or raise `timeout` in the session.',
  );
}
