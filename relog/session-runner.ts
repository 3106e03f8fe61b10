/** Plays a session: types, moves the mouse, waits, and watches what the guest shows for what is expected. */
import { hasStream, type DeviceInput, type MachineDevices, type StreamChannel } from '../formats/devices.js';
import { DecoupleError } from '../formats/errors.js';
import type { SessionStep } from './api.js';
import type { ConsoleMatcher, Expectation } from './console-matcher.js';
import { ScreenWatch } from './screen-watch.js';

/** Between two inputs of keyboard or mouse: about as fast as a good typist, and slow enough for any driver. */
const INPUT_PAUSE_MS = 25;

/** At once: as much as Linux's virtio console makes room for; what does not fit would be lost. */
const SEND_BYTES = 4096;

/** What a session sees of a guest. */
export interface SessionGuest {
  input(input: DeviceInput): void;
  matcher(channel: StreamChannel): ConsoleMatcher;
  /** Rows of the text screen; none in a graphics mode. */
  screen(): string[];
}

/**
 * Refuses a session that types at, or listens to, what the guest does not have.
 * @throws DecoupleError session-invalid
 */
export function checkChannels(steps: SessionStep[], guest: { name: string; devices: MachineDevices }): void {
  for (const [index, step] of steps.entries()) {
    if (step.kind !== 'send' && step.kind !== 'expect') continue;
    if (hasStream(guest.devices, step.channel)) continue;
    throw new DecoupleError(
      'session-invalid',
      `Step ${index + 1} of the session is on ${step.channel}, which the guest ${guest.name} does not have.`,
      'Give it one in its spec: `devices: { serialPorts: 2 }`, or `devices: { virtioConsole: true }`.',
    );
  }
}

export class SessionRunner {
  private at = 0;
  private acted = 0;
  private until = 0;
  private expectation: Expectation | null = null;
  /** The one that the step before met. */
  private met: Expectation | null = null;
  private watch: ScreenWatch | null = null;

  /** @param now milliseconds, any origin */
  constructor(
    private readonly steps: SessionStep[],
    private readonly guest: SessionGuest,
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
        for (let at = 0; at < step.bytes.length; at += SEND_BYTES) {
          this.guest.input({ channel: step.channel, value: step.bytes.slice(at, at + SEND_BYTES) });
        }
        return true;
      case 'act':
        return this.act(step.inputs);
      case 'wait':
        if (this.until === 0) this.until = this.now() + step.seconds * 1000;
        if (this.now() < this.until) return false;
        this.until = 0;
        return true;
      case 'expect':
        if (this.expectation === null) this.watchFor(step, this.metOn(step.channel));
        return this.come(step, this.expectation!.matched);
      case 'screen':
        if (this.watch === null) this.watchScreen(step);
        return this.come(step, this.watch!.matches(this.guest, this.now()));
    }
  }

  private act(inputs: DeviceInput[]): boolean {
    if (this.acted === 0) this.watchFor(this.steps[this.at + 1]);
    else if (this.now() < this.until) return false;
    const input = inputs[this.acted];
    if (input === undefined) {
      this.acted = 0;
      if (this.expectation === null) this.until = 0;
      else this.startClock(this.steps[this.at + 1]);
      return true;
    }
    this.guest.input(input);
    this.acted++;
    this.until = this.now() + INPUT_PAUSE_MS;
    return false;
  }

  /** @throws DecoupleError expect-timeout */
  private come(step: SessionStep & { kind: 'expect' | 'screen' }, matched: boolean): boolean {
    if (matched) {
      this.met = this.expectation;
      this.expectation = null;
      this.watch = null;
      this.until = 0;
      return true;
    }
    if (this.now() > this.until) throw step.kind === 'screen' ? this.notShown(step) : this.notPrinted(step);
    return false;
  }

  /** What the step before this one found there: both may be printed at once. */
  private metOn(channel: StreamChannel): Expectation | null {
    const before = this.steps[this.at - 1];
    return before?.kind === 'expect' && before.channel === channel ? this.met : null;
  }

  private watchFor(step: SessionStep | undefined, behind: Expectation | null = null): void {
    if (step?.kind !== 'expect') return;
    this.expectation = this.guest.matcher(step.channel).expect(step.pattern, behind);
    this.startClock(step);
  }

  private watchScreen(step: SessionStep & { kind: 'screen' }): void {
    this.watch = new ScreenWatch(step.pattern);
    this.startClock(step);
  }

  private startClock(step: SessionStep | undefined): void {
    if (step?.kind === 'expect' || step?.kind === 'screen') this.until = this.now() + step.timeoutSeconds * 1000;
  }

  private notPrinted(step: SessionStep & { kind: 'expect' }): DecoupleError {
    const on = step.channel === 'serial0' ? '' : ` on ${step.channel}`;
    const lastLine = JSON.stringify(this.guest.matcher(step.channel).lastLine());
    return timeout(step, `print /${step.pattern}/${on}`, `last line was ${lastLine}`);
  }

  private notShown(step: SessionStep & { kind: 'screen' }): DecoupleError {
    const lastRow = this.guest.screen().findLast((row) => row.trim() !== '');
    const shown = lastRow === undefined ? 'screen shows no text' : `last row is ${JSON.stringify(lastRow.trim())}`;
    return timeout(step, `show /${step.pattern}/ on its screen`, shown);
  }
}

function timeout(step: { timeoutSeconds: number }, what: string, found: string): DecoupleError {
  return new DecoupleError(
    'expect-timeout',
    `The guest did not ${what} within ${step.timeoutSeconds} s; its ${found}.`,
    'The recording up to here is valid. Correct the expression, or raise `timeout` in the session.',
  );
}
