/** Collects what happens to a live machine into log frames. */
import type { Machine } from '../engines/v86/index.js';
import { crc32 } from '../formats/checksum.js';
import type { LogFrame, LoggedInput } from '../formats/recording.js';
import { VarintWriter } from '../formats/varint.js';
import { Digester } from './digest.js';
import type { Journal } from './live-machine.js';

export class LogBuilder implements Journal {
  private readonly clock = new VarintWriter();
  private inputs: LoggedInput[] = [];
  private console: number[] = [];
  private consoleCrc = 0;
  private from = 0;
  private lastSample: number;
  private readonly digester = new Digester();

  constructor(clockStart: number) {
    this.lastSample = clockStart;
  }

  sampled(units: number): void {
    this.clock.push(units - this.lastSample);
    this.lastSample = units;
  }

  moduleActivated(step: number, serial: number): void {
    this.inputs.push({ step, kind: 'module', serial });
  }

  serialInput(step: number, bytes: Uint8Array): void {
    this.inputs.push({ step, kind: 'serial', bytes });
  }

  printed(byte: number): void {
    this.console.push(byte);
  }

  get pendingBytes(): number {
    return this.clock.bytes + this.console.length + 8 * this.inputs.length;
  }

  /** The stretch since the last take, up to the machine's next step. */
  take(machine: Machine): LogFrame {
    const console = Uint8Array.from(this.console);
    this.consoleCrc = crc32(console, this.consoleCrc);
    const frame: LogFrame = {
      from: this.from,
      to: machine.steps,
      clock: this.clock.take(),
      inputs: this.inputs,
      console,
      digest: this.digester.digest(machine, this.consoleCrc),
    };
    this.from = machine.steps;
    this.inputs = [];
    this.console = [];
    return frame;
  }
}
