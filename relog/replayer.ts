/** Runs a recording again: the same engine, fed from the log, without waiting. */
import {
  engineHash,
  enginePackage,
  Machine,
  type Disk,
  type MachineOptions,
  type PortWatch,
  type Probe,
  type SampleSource,
  unknownRepairs,
} from '../engines/v86/index.js';
import { ContainerReader, damaged } from '../formats/container/index.js';
import type { DeviceInput, DeviceOutput } from '../formats/devices.js';
import type { DriveName, OverlayReader } from '../formats/disks.js';
import { DecoupleError } from '../formats/errors.js';
import type { Overlay } from '../formats/overlay.js';
import { readLog, readStart, type LogFrame, type LoggedInput, type RecordingHeader } from '../formats/recording.js';
import { decodeShare, type Share } from '../formats/share.js';
import { VarintReader } from '../formats/varint.js';
import { OutputCrc } from './digest.js';
import { repairedEngine } from './engine-modules.js';
import { openRecordedDisks, type DiskPaths, type RecordedDisks } from './disks/recorded-disks.js';
import { imagesFrom, tooLarge } from './images.js';

/** How long to run before the process may breathe (signals, progress). */
const BREATH_MS = 20;

export interface ReplayHooks {
  /** Where base images are, by drive, when not where they were recorded. */
  disks?: DiskPaths | undefined;
  probe?: Probe | undefined;
  onOutput?: ((output: DeviceOutput) => void) | undefined;
  portWatch?: PortWatch | undefined;
  /** Before the step that it comes before. */
  onInput?: ((input: DeviceInput) => void) | undefined;
  /** The machine's clock gets a sample, in units: at the beginning of a step, and within it. */
  onSample?: ((units: number) => void) | undefined;
  /** Before every step, when the inputs that come before it are in. */
  beforeStep?: (() => void) | undefined;
  /** Before every step and at the end of each frame: true ends the replay there, as if there were no more frames. */
  stop?: ((machine: Machine) => boolean) | undefined;
  /** After every breath, between two steps. */
  onBreath?: ((machine: Machine) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export class Replayer {
  readonly outputs = new OutputCrc();

  private constructor(
    readonly header: RecordingHeader,
    readonly machine: Machine,
    readonly reader: ContainerReader,
    private readonly samples: LoggedSamples,
    private next: LogFrame | null,
    private readonly hooks: ReplayHooks,
    private readonly overlays: OverlayReader,
    private readonly opened: RecordedDisks,
  ) {}

  /** Its drives; what is written to them is in their overlays. */
  get disks(): readonly Disk[] {
    return this.opened.disks;
  }

  /** The overlay that the recording holds for its end; null until all is read, and when it has none. */
  recordedOverlay(drive: DriveName): Overlay | null {
    return this.overlays.get(drive, 'end');
  }

  /** @throws DecoupleError file-missing, not-decouple, wrong-kind, damaged, version-too-new, engine-differs, disk-… */
  static async open(path: string, hooks: ReplayHooks): Promise<Replayer> {
    const reader = new ContainerReader(path, 'recording');
    let disks: RecordedDisks | null = null;
    try {
      const start = readStart(reader);
      const { header, blobs, overlays, first } = start;
      if (first === null && reader.cutOff) throw tooShort(path);
      const { repairs } = header.engine;
      const unknown = unknownRepairs(repairs);
      if (unknown.length > 0) throw repairUnknown(path, unknown);
      if (header.engine.hash !== engineHash(repairs)) throw engineDiffers(path, header);
      const snapshot = blobs.get('snapshot') ?? null;
      const large = tooLarge(blobs, header.guest.memory);
      if (large !== null) throw damaged(path, `its ${large} is larger than what a machine takes`);
      const share = shareOf(path, header, blobs.get('share'));
      const images = imagesFrom(blobs, header.cmdline);
      if (images === null || (snapshot === null) !== (header.start === 'power-on')) {
        throw damaged(path, 'it lacks what the run starts from');
      }
      disks = await openRecordedDisks(path, start, hooks.disks ?? {});
      await hooks.probe?.load(repairs);
      const samples = new LoggedSamples(header.clockStart, path, hooks.onSample);
      const holder: { replayer: Replayer | null } = { replayer: null };
      const machine = await createMachine(path, {
        memory: header.guest.memory,
        devices: header.guest.devices,
        images,
        disks: disks.disks,
        share,
        snapshot,
        seed: header.seed,
        epoch: header.epoch,
        clockStart: header.clockStart,
        samples,
        compileInBackground: false,
        module: hooks.probe === undefined ? await repairedEngine(repairs) : undefined,
        probe: hooks.probe,
        portWatch: hooks.portWatch,
        onOutput: (output) => holder.replayer?.came(output),
      });
      holder.replayer = new Replayer(header, machine, reader, samples, first, hooks, overlays, disks);
      return holder.replayer;
    } catch (error) {
      reader.close();
      disks?.close();
      throw error;
    }
  }

  /** Replays all that is left. Errors: those of `frame`; the signal's reason when it is aborted. */
  async toEnd(): Promise<void> {
    while ((await this.frame()) !== null) continue;
    this.hooks.signal?.throwIfAborted();
  }

  /**
   * Replays one log frame.
   * @returns the frame, or null when there is none left
   * @throws DecoupleError replay-mismatch, damaged
   */
  async frame(): Promise<LogFrame | null> {
    const frame = this.next;
    if (frame === null) return null;
    if (frame.from !== this.machine.steps || frame.to < frame.from)
      throw damaged(this.reader.path, 'its log has a gap');
    this.samples.use(frame.clock);
    let input = 0;
    let breath = performance.now();
    const applyDue = (): void => {
      for (; frame.inputs[input]?.step === this.machine.steps; input++) this.apply(frame.inputs[input]!);
    };
    while (this.machine.steps < frame.to) {
      if (this.hooks.stop?.(this.machine)) return null;
      applyDue();
      this.hooks.beforeStep?.();
      this.step();
      if (performance.now() - breath >= BREATH_MS) {
        await new Promise((resolve) => setImmediate(resolve));
        this.hooks.onBreath?.(this.machine);
        if (this.hooks.signal?.aborted) return null;
        breath = performance.now();
      }
    }
    // The frame may have ended between an input and the step after it.
    applyDue();
    if (input < frame.inputs.length || !this.samples.done) {
      throw lost(this.reader.path, frame.to, 'inputs of the log were not asked for');
    }
    this.next = readLog(this.reader, this.overlays);
    return frame;
  }

  close(): void {
    this.reader.close();
    this.opened.close();
  }

  private step(): void {
    try {
      this.machine.step();
    } catch (error) {
      // Whoever wants it to stop may throw from within the step.
      if (error instanceof DecoupleError || this.hooks.stop?.(this.machine)) throw error;
      throw lost(this.reader.path, this.machine.steps, `the machine died (${(error as Error).message})`, error);
    }
  }

  private apply(input: LoggedInput): void {
    if (input.kind === 'device') {
      this.hooks.onInput?.(input.input);
      this.machine.input(input.input);
    } else {
      try {
        this.machine.activateModule(input.serial);
      } catch (error) {
        throw lost(this.reader.path, this.machine.steps, (error as Error).message);
      }
    }
  }

  private came(output: DeviceOutput): void {
    this.outputs.add(output);
    this.hooks.onOutput?.(output);
  }
}

class LoggedSamples implements SampleSource {
  private deltas = new VarintReader(new Uint8Array());

  constructor(
    private last: number,
    private readonly path: string,
    private readonly onSample?: (units: number) => void,
  ) {}

  use(clock: Uint8Array): void {
    this.deltas = new VarintReader(clock);
  }

  get done(): boolean {
    return this.deltas.done;
  }

  sample(floor: number): number {
    if (this.deltas.done) throw lost(this.path, 0, 'the machine reads the clock more often than it did');
    this.last += this.deltas.next();
    if (this.last < floor) throw lost(this.path, 0, 'the machine reads the clock at other moments than it did');
    this.onSample?.(this.last);
    return this.last;
  }
}

/** What the engine cannot begin with is damage: it did begin when the recording was made. */
async function createMachine(path: string, options: MachineOptions): Promise<Machine> {
  try {
    return await Machine.create(options);
  } catch (error) {
    if (error instanceof DecoupleError) throw error;
    throw damaged(path, `no machine can be made of it (${(error as Error).message})`, error);
  }
}

function lost(path: string, step: number, what: string, cause?: unknown): DecoupleError {
  return new DecoupleError(
    'replay-mismatch',
    `The replay of ${path} went another way than the recording${step > 0 ? ` by step ${step}` : ''}: ${what}.`,
    'Run `decouple replay --verify` on it and report the result: it is a bug in decouple or in this machine.',
    { cause },
  );
}

function repairUnknown(path: string, unknown: readonly string[]): DecoupleError {
  return new DecoupleError(
    'engine-differs',
    `${path} was recorded with repairs of the engine that this decouple does not know: ${unknown.join(', ').slice(0, 200)}.`,
    'Replay it with the decouple that recorded it, or a newer one.',
  );
}

function engineDiffers(path: string, header: RecordingHeader): DecoupleError {
  const here = engineHash(header.engine.repairs).slice(0, 12);
  return new DecoupleError(
    'engine-differs',
    `${path} was recorded with ${header.engine.name} ${header.engine.version} (${header.engine.hash.slice(0, 12)}); this is ${enginePackage().version} (${here}).`,
    `Replay it with the decouple that recorded it, or install ${header.engine.name}@${header.engine.version}.`,
  );
}

function shareOf(path: string, header: RecordingHeader, blob: Uint8Array | undefined): Share | null {
  if (blob === undefined) return null;
  try {
    if (header.guest.devices.share) return decodeShare(blob);
  } catch (error) {
    throw damaged(path, `its share is unreadable: ${(error as Error).message}`);
  }
  throw damaged(path, 'it holds a share for a machine that has none');
}

function tooShort(path: string): DecoupleError {
  return new DecoupleError(
    'damaged',
    `${path} was cut off before its run began.`,
    'There is nothing in it to replay; record again.',
  );
}
