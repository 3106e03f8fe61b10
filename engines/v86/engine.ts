/**
 * The engine of one machine, as it comes into being: what stands at the seam between its WASM and its JavaScript, so that
 * time, resets, faults of disks and whoever watches come in.
 */
import { ApicReset } from './apic-reset.js';
import { closeBackDoor } from './back-door.js';
import type { VirtualClock } from './clock.js';
import type { Disk } from './disk.js';
import { DiskBuffer } from './disk-buffer.js';
import { IdeFaults } from './ide-faults.js';
import { JitModules } from './jit.js';
import { engineModule } from './package.js';
import { watchPorts, type PortWatch } from './port-watch.js';
import type { EngineExports, Imports, Probe, SeamFunction } from './seam.js';

export interface EngineOptions {
  clock: VirtualClock;
  disks: readonly Disk[];
  compileInBackground: boolean;
  module: WebAssembly.Module | undefined;
  probe: Probe | undefined;
  portWatch: PortWatch | undefined;
}

export class Engine {
  /** None of these four is there before v86 has called `start`. */
  exports!: EngineExports;
  jit!: JitModules;
  /** WASM addresses of guest physical address 0, and of the linear frame buffer. */
  ram = 0;
  frameBuffer = 0;
  /** Before the CPU is reset; `seen`: the exports by which devices tell what they change. */
  onReset: (seen: EngineExports) => void = () => undefined;
  afterReset: () => void = () => undefined;
  private readonly faults = new IdeFaults();

  constructor(private readonly options: EngineOptions) {}

  /** v86's option `wasm_fn`. */
  async start({ env }: { env: Imports }): Promise<EngineExports> {
    const { clock, disks, compileInBackground, module, probe, portWatch } = this.options;
    const table = env.__indirect_function_table as WebAssembly.Table;
    const jit = new JitModules(table, compileInBackground, probe?.jit ?? null);
    this.jit = jit;
    env.codegen_finalize = (index = 0, start = 0, flags = 0, ptr = 0, length = 0) => {
      jit.generated(this.exports.memory, index, start, flags, ptr, length);
      return 0;
    };
    const runTimers = env.run_hardware_timers as SeamFunction;
    // Between two slices: the only place inside a step where real time comes in.
    env.run_hardware_timers = (acpi = 0) => {
      clock.advance();
      return runTimers(acpi, clock.read());
    };
    closeBackDoor(env);
    if (disks.length > 0) this.faults.wrap(env);
    if (portWatch !== undefined) watchPorts(env, portWatch);
    probe?.imports(env);
    const instance = await WebAssembly.instantiate(probe?.module ?? module ?? (await engineModule()), { env });
    const raw = instance.exports as unknown as EngineExports;
    this.exports = raw;
    jit.connect(raw);
    this.faults.connect((irq) => void raw.device_raise_irq!(irq));
    const seen = probe === undefined ? { ...raw } : probe.exports(raw);
    this.watch(seen);
    return seen;
  }

  /** A drive's v86 option. */
  buffer(disk: Disk): DiskBuffer {
    return new DiskBuffer(disk, () => this.faults.fail(disk.drive));
  }

  /** EFLAGS, without being seen to read them. */
  flags(): number {
    return this.options.probe?.flags() ?? this.exports.get_eflags!();
  }

  private watch(seen: EngineExports): void {
    // Addresses from 2 GiB on are negative numbers where they come from.
    const allocate = seen.allocate_memory!;
    seen.allocate_memory = (bytes = 0) => (this.ram = allocate(bytes) >>> 0);
    const allocateFrameBuffer = seen.svga_allocate_memory!;
    seen.svga_allocate_memory = (bytes = 0) => (this.frameBuffer = allocateFrameBuffer(bytes) >>> 0);
    const apics = new ApicReset(this.exports);
    const resetCpu = seen.reset_cpu!;
    seen.reset_cpu = () => {
      apics.reset();
      this.onReset(seen);
      const result = resetCpu();
      this.afterReset();
      return result;
    };
  }
}
