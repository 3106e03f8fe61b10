/**
 * A PC in v86 that does nothing by itself: it has no time, no randomness and no inputs but those it is given, and it
 * moves only when `step` is called. Two machines given the same things do the same, bit for bit.
 */
import type { DeviceInput } from '../../formats/devices.js';
import type { CpuState } from '../../formats/state.js';
import { UNITS_PER_MS, VirtualClock } from './clock.js';
import { deliver, deviceOptions, listen } from './devices.js';
import { lossOf, type Disk } from './disk.js';
import { Engine } from './engine.js';
import type { JitModules } from './jit.js';
import { FRAME_BUFFER_BYTES, LAYOUT, VGA_HOLE } from './layout.js';
import { LoadedKernel } from './loaded-kernel.js';
import { ownBuffer, v86Images, type MachineOptions } from './machine-options.js';
import { enginePackage } from './package.js';
import { SeededRandom } from './random.js';
import { loadBundle, type V86Emulator } from './realm.js';
import { readCpuState } from './registers.js';
import { Scheduler } from './scheduler.js';
import type { Imports } from './seam.js';
import { ShareServer, ShareTree } from './share/index.js';
import { vgaPicture, vgaStateOf, type Picture } from './vga/index.js';

export class Machine {
  readonly memory: WebAssembly.Memory;
  /** Steps done. */
  steps = 0;
  private instructionsHigh = 0;
  private lastCounter = 0;

  private constructor(
    private readonly emulator: V86Emulator,
    private readonly engine: Engine,
    private readonly clock: VirtualClock,
    private readonly scheduler: Scheduler,
    private readonly screen: { graphic: boolean },
    private readonly disks: readonly Disk[],
    readonly ramBytes: number,
    /** The share as the guest has left it. */
    readonly share: ShareTree | null,
  ) {
    this.memory = engine.exports.memory;
    this.lastCounter = this.counter();
  }

  static async create(options: MachineOptions): Promise<Machine> {
    const clock = new VirtualClock(options.samples, options.clockStart, options.epoch);
    const scheduler = new Scheduler(() => clock.now(), UNITS_PER_MS);
    const log = options.log ?? (() => undefined);
    const random = new SeededRandom(options.seed);
    const V86 = loadBundle(enginePackage().source, { clock, random, scheduler, log });
    const { disks = [], compileInBackground, module, probe, portWatch } = options;
    const engine = new Engine({ clock, disks, compileInBackground, module, probe, portWatch });
    const tree = options.share ? new ShareTree(options.share) : null;
    const server = new ShareServer(tree, () => clock.date());
    const emulator = new V86({
      wasm_fn: (imports: { env: Imports }) => engine.start(imports),
      memory_size: options.memory,
      autostart: false,
      ...deviceOptions(options.devices, (message) => server.answer(message)),
      ...v86Images(options.images),
      ...Object.fromEntries(disks.map((disk) => [disk.drive, engine.buffer(disk)])),
      ...(options.snapshot === null ? {} : { initial_state: { buffer: ownBuffer(options.snapshot) } }),
    });
    const loaded = new Promise<void>((resolve) => emulator.add_listener('emulator-loaded', () => resolve()));
    const screen = { graphic: false };
    emulator.add_listener('screen-set-size', ([, , bitsPerPixel]: [number, number, number]) => {
      screen.graphic = bitsPerPixel !== 0;
    });
    if (options.onOutput !== undefined) listen(emulator, options.devices, options.onOutput);
    await whileFiring(scheduler, loaded);
    const machine = new Machine(emulator, engine, clock, scheduler, screen, disks, options.memory, tree);
    const kernel = options.images.bzimage === undefined ? null : new LoadedKernel(machine.ram());
    engine.onReset = (seen) => {
      machine.takeCounter();
      kernel?.load(seen, machine.ram());
    };
    // It begins anew.
    engine.afterReset = () => (machine.lastCounter = machine.counter());
    await emulator.run();
    return machine;
  }

  /** JIT modules that got ready in the background. */
  get jit(): JitModules {
    return this.engine.jit;
  }

  /** Clock units now. */
  get now(): number {
    return this.clock.now();
  }

  /** Clock units at which there is something to do; the machine idles until then. */
  nextDue(): number {
    return this.scheduler.nextDue() ?? Infinity;
  }

  /** Samples the clock and does what is due first: for the most part one run of the CPU of about a millisecond. */
  step(): void {
    this.clock.advance();
    this.steps++;
    this.scheduler.throwFailure();
    this.scheduler.fire();
    this.takeCounter();
  }

  private takeCounter(): void {
    const counter = this.counter();
    this.instructionsHigh += (counter - this.lastCounter) >>> 0;
    this.lastCounter = counter;
  }

  /** Instructions as the engine counts them: deterministic, but not the architectural count. */
  get engineInstructions(): number {
    return this.instructionsHigh;
  }

  /** Rows of the VGA text screen as they are now; none in a graphics mode. Looking leaves no trace in the machine. */
  textScreen(): string[] {
    return this.screen.graphic ? [] : this.emulator.screen_adapter.get_text_screen();
  }

  /** What the screen shows, as pixels. Between steps only, and best at the end: it saves the machine's whole state. */
  async picture(): Promise<Picture> {
    return vgaPicture(vgaStateOf(await this.save()));
  }

  /** True in text modes. */
  get showsText(): boolean {
    return !this.screen.graphic;
  }

  activateModule(serial: number): void {
    this.engine.jit.activate(
      serial,
      this.engine.exports.codegen_finalize_finished as (a: number, b: number, c: number) => void,
    );
  }

  /** Between steps only. */
  input(input: DeviceInput): void {
    if (input.channel !== 'disk-size') return deliver(this.emulator, input);
    const loss = lossOf(input.value);
    this.disks.find(({ drive }) => drive === loss.drive)?.plan(loss);
  }

  /** The machine's whole state, to be given to `MachineOptions.snapshot`. Between steps only. */
  async save(): Promise<Uint8Array> {
    return new Uint8Array(await this.emulator.save_state());
  }

  cpuState(): CpuState {
    return readCpuState(this.memory.buffer, this.engine.flags());
  }

  /** CPU stopped by HLT with interrupts off: nothing but a reset wakes it. */
  get dead(): boolean {
    const view = new DataView(this.memory.buffer);
    return view.getUint8(LAYOUT.halted) !== 0 && (this.engine.flags() & 0x200) === 0;
  }

  ram(): Buffer {
    return Buffer.from(this.memory.buffer, this.engine.ram, this.ramBytes);
  }

  /** What behaves as RAM, in the order of physical addresses: below and above the VGA window, and the frame buffer. */
  ramBuffers(): [Buffer, Buffer, Buffer] {
    const ram = this.ram();
    const frameBuffer = Buffer.from(this.memory.buffer, this.engine.frameBuffer, FRAME_BUFFER_BYTES);
    return [ram.subarray(0, VGA_HOLE.start), ram.subarray(VGA_HOLE.end), frameBuffer];
  }

  /** Registers, flags and internal CPU state, as they lie in memory. */
  registerFile(): Buffer {
    return Buffer.from(this.memory.buffer, LAYOUT.gpr, LAYOUT.end - LAYOUT.gpr);
  }

  private counter(): number {
    return new DataView(this.memory.buffer).getUint32(LAYOUT.instructionCounter, true);
  }
}

/** Starting the engine takes promises and timers; both are pure functions of the options, so they need no log. */
async function whileFiring(scheduler: Scheduler, loaded: Promise<void>): Promise<void> {
  let done = false;
  void loaded.then(() => (done = true));
  while (!done) {
    scheduler.throwFailure();
    if (scheduler.nextDue() !== null) scheduler.fire();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
