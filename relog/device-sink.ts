/**
 * A live run as a relog, written while the guest runs: no recording and no second stage, at the price of an observed
 * machine that runs slower. It cannot be replayed, only simulated.
 */
import { Observer, type Machine } from '../engines/v86/index.js';
import { ContainerWriter } from '../formats/container/index.js';
import { EventWriter } from '../formats/event-writer.js';
import { KEYFRAME_EVERY, type RecordResult } from './api.js';
import type { RecorderOptions } from './recorder.js';
import { instrumentedEngine } from './engine-modules.js';
import { Relogger } from './relogger.js';
import type { RunEnd, RunSink } from './run-sink.js';

export class DeviceSink implements RunSink {
  readonly journal = null;
  private relogger: Relogger | null = null;

  private constructor(
    readonly probe: Observer,
    private readonly events: EventWriter,
    private readonly writer: ContainerWriter,
    private readonly guest: { name: string; hash: string },
  ) {}

  /** @throws DecoupleError output-exists, write-failed */
  static async create({
    guest,
    output: path,
    claimed,
    force,
    store,
  }: Pick<RecorderOptions, 'guest' | 'output' | 'claimed' | 'force' | 'store'>): Promise<DeviceSink> {
    const events = new EventWriter(0);
    const observer = new Observer(instrumentedEngine, events);
    const writer = new ContainerWriter({ path, kind: 'relog', temporary: false, force, claimed, store });
    return new DeviceSink(observer, events, writer, guest);
  }

  get bytes(): number {
    return this.writer.bytes;
  }

  get pendingBytes(): number {
    return this.events.bytes;
  }

  start(machine: Machine): void {
    this.relogger = new Relogger(machine, this.probe, this.events, this.writer, KEYFRAME_EVERY);
    this.relogger.start(this.guest);
  }

  beforeStep(): void {
    this.probe.flushDma();
  }

  output(): void {
    // What leaves the machine has no effect on the CPU.
  }

  flush(): void {
    this.relogger!.flush();
  }

  finish(_machine: Machine, { reason }: RunEnd): Pick<RecordResult, 'instructions' | 'logBytes' | 'warnings'> {
    const relogger = this.relogger!;
    // Where a machine died is not between two instructions: the relog is cut off before.
    if (reason === 'engine-died') this.writer.abandon();
    else {
      relogger.end();
      const outcome = { cutOff: false, events: this.events.count, keyframes: relogger.keyframes };
      this.writer.finish(outcome, BigInt(this.probe.position()));
    }
    return { instructions: this.probe.position(), logBytes: relogger.eventBytes, warnings: [] };
  }

  abandon(): void {
    this.writer.abandon();
  }
}
