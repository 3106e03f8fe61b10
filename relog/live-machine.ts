/**
 * Runs a machine in real time: sleeps while the guest idles, brings JIT modules to life as they get ready, lets the
 * process breathe between steps. What it does to the machine it tells a journal, which is all a replay needs.
 */
import type { DeviceInput } from '../formats/devices.js';
import {
  lossValue,
  Machine,
  REPAIR_IDS,
  UNITS_PER_MS,
  type MachineOptions,
  type SampleSource,
} from '../engines/v86/index.js';
import { repairedEngine } from './engine-modules.js';

export interface Journal {
  sampled(units: number): void;
  moduleActivated(step: number, serial: number): void;
  deviceInput(step: number, input: DeviceInput): void;
}

/** The machine has all repairs. */
export type LiveOptions = Omit<MachineOptions, 'samples' | 'module' | 'compileInBackground'> & {
  journal: Journal | null;
  /** When the inputs that come before a step are in. */
  beforeStep?: () => void;
};

export class LiveMachine {
  private inputs: DeviceInput[] = [];
  private wake: (() => void) | null = null;

  private constructor(
    private readonly beforeStep: () => void,
    readonly machine: Machine,
    private readonly clock: RealClock,
    private readonly journal: Journal | null,
  ) {}

  static async create(options: LiveOptions): Promise<LiveMachine> {
    await options.probe?.load(REPAIR_IDS);
    const module = options.probe === undefined ? await repairedEngine(REPAIR_IDS) : undefined;
    const clock = new RealClock(options.clockStart, options.journal);
    const machine = await Machine.create({ ...options, module, samples: clock, compileInBackground: true });
    // Time spent on loading is not the guest's.
    clock.restart(Math.ceil(machine.now));
    for (const disk of options.disks ?? []) {
      // Comes up within a step, and belongs to it.
      disk.onLoss = (loss) =>
        options.journal?.deviceInput(machine.steps - 1, { channel: 'disk-size', value: lossValue(loss) });
    }
    return new LiveMachine(options.beforeStep ?? (() => undefined), machine, clock, options.journal);
  }

  /** Arrives before the next step. */
  input(input: DeviceInput): void {
    this.inputs.push(input);
    this.wake?.();
  }

  /**
   * One step, after sleeping until something is due or typed, but for at most `patienceMs`.
   * @returns false when nothing was due in that time and no step was done
   */
  async step(patienceMs: number): Promise<boolean> {
    await new Promise((resolve) => setImmediate(resolve));
    this.deliver();
    const waitMs = (this.machine.nextDue() - this.clock.now()) / UNITS_PER_MS;
    if (waitMs >= 1) {
      await this.sleep(Math.min(waitMs, patienceMs));
      this.deliver();
      if (this.machine.nextDue() > this.clock.now()) return false;
    }
    this.beforeStep();
    this.machine.step();
    return true;
  }

  private deliver(): void {
    const { machine, journal } = this;
    for (let serial = machine.jit.ready.shift(); serial !== undefined; serial = machine.jit.ready.shift()) {
      journal?.moduleActivated(machine.steps, serial);
      machine.activateModule(serial);
    }
    for (let input = this.inputs.shift(); input !== undefined; input = this.inputs.shift()) {
      journal?.deviceInput(machine.steps, input);
      machine.input(input);
    }
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.wake = null;
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.wake = done;
      if (this.inputs.length > 0) done();
    });
  }
}

/** The host's monotonic clock in the machine's units. */
class RealClock implements SampleSource {
  private origin = performance.now();

  constructor(
    private start: number,
    private readonly journal: Journal | null,
  ) {}

  restart(start: number): void {
    this.start = start;
    this.origin = performance.now();
  }

  now(): number {
    return this.start + Math.floor((performance.now() - this.origin) * UNITS_PER_MS);
  }

  sample(floor: number): number {
    const units = Math.max(floor, this.now());
    this.journal?.sampled(units);
    return units;
  }
}
