/** Collects what happens to a live machine into log frames. */
import { lossOf, type DiskLoss, type Machine } from '../engines/v86/index.js';
import type { DeviceInput, DeviceOutput } from '../formats/devices.js';
import type { LogFrame, LoggedInput, LoggedOutput } from '../formats/recording.js';
import { VarintWriter } from '../formats/varint.js';
import { Digester, OutputCrc } from './digest.js';
import type { Journal } from './live-machine.js';

export class LogBuilder implements Journal {
  /** What could no longer be read of base images, as it came. */
  readonly losses: DiskLoss[] = [];
  private readonly clock = new VarintWriter();
  private inputs: LoggedInput[] = [];
  private console: number[] = [];
  private outputs: LoggedOutput[] = [];
  /** Of inputs and outputs, about as many as they take in the file. */
  private bytes = 0;
  private crc = new OutputCrc();
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
    this.bytes += 8;
  }

  deviceInput(step: number, input: DeviceInput): void {
    if (input.channel === 'disk-size') this.losses.push(lossOf(input.value));
    this.inputs.push({ step, kind: 'device', input });
    this.bytes += 8 + input.value.length;
  }

  deviceOutput(step: number, output: DeviceOutput): void {
    this.crc.add(output);
    if (output.channel === 'serial0') this.console.push(...output.bytes);
    else this.outputs.push({ step, ...output });
    this.bytes += output.bytes.length;
  }

  get pendingBytes(): number {
    return this.clock.bytes + this.bytes;
  }

  /** The stretch since the last take, up to the machine's next step. */
  take(machine: Machine): LogFrame {
    const frame: LogFrame = {
      from: this.from,
      to: machine.steps,
      clock: this.clock.take(),
      inputs: this.inputs,
      console: Uint8Array.from(this.console),
      outputs: joined(this.outputs),
      digest: this.digester.digest(machine, this.crc),
    };
    this.from = machine.steps;
    this.inputs = [];
    this.console = [];
    this.outputs = [];
    this.bytes = 0;
    return frame;
  }
}

/** What one stream put out within a step becomes one item; frames stay apart. */
function joined(outputs: LoggedOutput[]): LoggedOutput[] {
  const items: LoggedOutput[] = [];
  for (const output of outputs) {
    const last = items.at(-1);
    if (
      last !== undefined &&
      output.channel !== 'network' &&
      last.channel === output.channel &&
      last.step === output.step
    ) {
      last.bytes = Buffer.concat([last.bytes, output.bytes]);
    } else items.push(output);
  }
  return items;
}
