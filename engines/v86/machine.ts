/**
 * A PC in v86 that does nothing by itself: it has no time, no randomness and no inputs but those it is given, and it
 * moves only when `step` is called. Two machines given the same things do the same, bit for bit.
 */
import type { DeviceInput, DeviceOutput, MachineDevices } from '../../formats/devices.js';
import type { Share } from '../../formats/share.js';
import type { CpuState } from '../../formats/state.js';
import { UNITS_PER_MS, VirtualClock, type SampleSource } from './clock.js';
import { ApicReset } from './apic-reset.js';
import { closeBackDoor } from './back-door.js';
import { deliver, deviceOptions, listen } from './devices.js';
import { DiskBuffer } from './disk-buffer.js';
import { lossOf, type Disk } from './disk.js';
import { IdeFaults } from './ide-faults.js';
import { JitModules, type JitObserver } from './jit.js';
import { FRAME_BUFFER_BYTES, LAYOUT, VGA_HOLE } from './layout.js';
import { LoadedKernel } from './loaded-kernel.js';
import { engineModule, enginePackage } from './package.js';
import { SeededRandom } from './random.js';
import { loadBundle, type V86Emulator } from './realm.js';
import { readCpuState } from './registers.js';
import { Scheduler } from './scheduler.js';
import { ShareServer, ShareTree } from './share/index.js';
import { vgaPicture, vgaStateOf, type Picture } from './vga/index.js';

export interface MachineImages {
  bios: Uint8Array;
  vgaBios: Uint8Array;
  multiboot?: Uint8Array;
  bzimage?: Uint8Array;
  initrd?: Uint8Array;
  cmdline?: string;
}

export interface MachineOptions {
  /** Bytes of RAM. */
  memory: number;
  devices: MachineDevices;
  images: MachineImages;
  /** What is in its drives; the machine keeps what the guest writes in their overlays. */
  disks?: readonly Disk[];
  /** Files of the host that the machine's share shows; for machines that have one. */
  share?: Share | null;
  /** A v86 state to start from instead of power-on. */
  snapshot: Uint8Array | null;
  seed: number;
  /** Milliseconds since 1970 at clock unit 0. */
  epoch: number;
  /** Clock units at which the machine starts. */
  clockStart: number;
  samples: SampleSource;
  /** Compile JIT modules in the background as they come (while recording); otherwise when they are activated. */
  compileInBackground: boolean;
  probe?: Probe | undefined;
  /** Gets what comes out of the devices, during steps. */
  onOutput?: (output: DeviceOutput) => void;
  log?: (line: string) => void;
}

/** A function on either side of the seam between WASM and JavaScript. */
export type SeamFunction = (...args: number[]) => number;
export type Imports = Record<string, SeamFunction | WebAssembly.Table>;
export type EngineExports = Record<string, SeamFunction> & { memory: WebAssembly.Memory };

/** An instrumented machine's view of the seam between CPU and devices. */
export interface Probe {
  module: WebAssembly.Module;
  jit: JitObserver;
  /** May replace imports, before instantiation. */
  imports(env: Imports): void;
  /** May replace what the devices see of the CPU, after instantiation. */
  exports(exports: EngineExports): EngineExports;
  /** EFLAGS, without being seen to read them. */
  flags(): number;
}

/** What comes into being while a machine is made. */
interface Parts {
  machine: Machine | null;
  exports: EngineExports | null;
  jit: JitModules | null;
  ram: number;
  frameBuffer: number;
  /** For the next reset. */
  kernel: LoadedKernel | null;
}

export class Machine {
  readonly memory: WebAssembly.Memory;
  /** Steps done. */
  steps = 0;
  private instructionsHigh = 0;
  private lastCounter = 0;
  private raw: EngineExports;

  private constructor(
    private readonly emulator: V86Emulator,
    private readonly clock: VirtualClock,
    private readonly scheduler: Scheduler,
    readonly jit: JitModules,
    exports: EngineExports,
    /** WASM address of guest physical address 0. */
    readonly ramAddress: number,
    readonly ramBytes: number,
    private readonly frameBufferAddress: number,
    private readonly flags: () => number,
    private readonly screen: { graphic: boolean },
    private readonly disks: readonly Disk[],
    /** The share as the guest has left it. */
    readonly share: ShareTree | null,
  ) {
    this.raw = exports;
    this.memory = exports.memory;
    this.lastCounter = this.counter();
  }

  static async create(options: MachineOptions): Promise<Machine> {
    const engine = enginePackage();
    const clock = new VirtualClock(options.samples, options.clockStart, options.epoch);
    const scheduler = new Scheduler(() => clock.now(), UNITS_PER_MS);
    const log = options.log ?? (() => undefined);
    const V86 = loadBundle(engine.source, { clock, random: new SeededRandom(options.seed), scheduler, log });
    const parts: Parts = {
      machine: null,
      exports: null,
      jit: null,
      ram: 0,
      frameBuffer: 0,
      kernel: null,
    };

    const faults = new IdeFaults();
    const disks = options.disks ?? [];
    const wasm_fn = async ({ env }: { env: Imports }): Promise<EngineExports> => {
      const jit = new JitModules(
        env.__indirect_function_table as WebAssembly.Table,
        options.compileInBackground,
        options.probe?.jit ?? null,
      );
      env.codegen_finalize = (index = 0, start = 0, flags = 0, ptr = 0, length = 0) => {
        jit.generated(parts.exports!.memory, index, start, flags, ptr, length);
        return 0;
      };
      const runTimers = env.run_hardware_timers as SeamFunction;
      // Between two slices: the only place inside a step where real time comes in.
      env.run_hardware_timers = (acpi = 0) => {
        clock.advance();
        return runTimers(acpi, clock.read());
      };
      closeBackDoor(env);
      if (disks.length > 0) faults.wrap(env);
      options.probe?.imports(env);
      const module = options.probe?.module ?? (await engineModule());
      const instance = await WebAssembly.instantiate(module, { env });
      const raw = instance.exports as unknown as EngineExports;
      parts.exports = raw;
      parts.jit = jit;
      jit.connect(raw);
      faults.connect((irq) => void raw.device_raise_irq!(irq));
      const seen = options.probe === undefined ? { ...raw } : options.probe.exports(raw);
      // Addresses from 2 GiB on are negative numbers where they come from.
      const allocate = seen.allocate_memory!;
      seen.allocate_memory = (bytes = 0) => (parts.ram = allocate(bytes) >>> 0);
      const apics = new ApicReset(raw);
      const resetCpu = seen.reset_cpu!;
      seen.reset_cpu = () => {
        parts.machine?.countUpToReset();
        apics.reset();
        if (parts.machine !== null) parts.kernel?.load(seen, parts.machine.ram());
        return resetCpu();
      };
      const allocateFrameBuffer = seen.svga_allocate_memory!;
      seen.svga_allocate_memory = (bytes = 0) => (parts.frameBuffer = allocateFrameBuffer(bytes) >>> 0);
      return seen;
    };

    const tree = options.share ? new ShareTree(options.share) : null;
    const server = new ShareServer(tree, () => clock.date());
    const emulator = new V86({
      wasm_fn,
      memory_size: options.memory,
      autostart: false,
      ...deviceOptions(options.devices, (message) => server.answer(message)),
      ...v86Images(options.images),
      ...Object.fromEntries(disks.map((disk) => [disk.drive, new DiskBuffer(disk, () => faults.fail(disk.drive))])),
      ...(options.snapshot === null ? {} : { initial_state: { buffer: ownBuffer(options.snapshot) } }),
    });
    const loaded = new Promise<void>((resolve) => emulator.add_listener('emulator-loaded', () => resolve()));
    const screen = { graphic: false };
    emulator.add_listener('screen-set-size', ([, , bitsPerPixel]: [number, number, number]) => {
      screen.graphic = bitsPerPixel !== 0;
    });
    if (options.onOutput !== undefined) listen(emulator, options.devices, options.onOutput);
    await whileFiring(scheduler, loaded);
    if (options.images.bzimage !== undefined) {
      parts.kernel = new LoadedKernel(Buffer.from(parts.exports!.memory.buffer, parts.ram, options.memory));
    }
    await emulator.run();
    const { probe } = options;
    const flags = probe === undefined ? parts.exports!.get_eflags! : (): number => probe.flags();
    parts.machine = new Machine(
      emulator,
      clock,
      scheduler,
      parts.jit!,
      parts.exports!,
      parts.ram,
      options.memory,
      parts.frameBuffer,
      flags,
      screen,
      disks,
      tree,
    );
    return parts.machine;
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

  /** A reset makes the engine's counter begin at 0 again. */
  private countUpToReset(): void {
    this.takeCounter();
    this.lastCounter = 0;
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
    this.jit.activate(serial, this.raw.codegen_finalize_finished as (a: number, b: number, c: number) => void);
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
    return readCpuState(this.memory.buffer, this.flags());
  }

  /** CPU stopped by HLT with interrupts off: nothing but a reset wakes it. */
  get dead(): boolean {
    const view = new DataView(this.memory.buffer);
    return view.getUint8(LAYOUT.halted) !== 0 && (this.flags() & 0x200) === 0;
  }

  ram(): Buffer {
    return Buffer.from(this.memory.buffer, this.ramAddress, this.ramBytes);
  }

  /** What behaves as RAM, in the order of physical addresses: below and above the VGA window, and the frame buffer. */
  ramBuffers(): [Buffer, Buffer, Buffer] {
    const ram = this.ram();
    const frameBuffer = Buffer.from(this.memory.buffer, this.frameBufferAddress, FRAME_BUFFER_BYTES);
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

function v86Images(images: MachineImages): Record<string, unknown> {
  const named: Record<string, Uint8Array | undefined> = {
    bios: images.bios,
    vga_bios: images.vgaBios,
    multiboot: images.multiboot,
    bzimage: images.bzimage,
    initrd: images.initrd,
  };
  const options: Record<string, unknown> = {};
  for (const [name, bytes] of Object.entries(named)) {
    if (bytes !== undefined) options[name] = { buffer: ownBuffer(bytes) };
  }
  if (images.cmdline !== undefined) options.cmdline = images.cmdline;
  return options;
}

function ownBuffer(bytes: Uint8Array): ArrayBuffer {
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
}
