/**
 * Watches an instrumented machine and writes what crosses between CPU and devices, at exact positions: the relog's
 * events. See instrument/ for where its hooks sit.
 */
import type { EventWriter } from '../../formats/event-writer.js';
import type { MachineKind } from '../../formats/relog.js';
import { STEP_HOOK, STORES_STATUS } from './instrument/hooks.js';
import type { HOOKS } from './instrument/index.js';
import type { JitObserver } from './jit.js';
import { JitBlocks, type Left } from './jit-blocks.js';
import { LAYOUT } from './layout.js';
import type { EngineExports, Imports, Probe, SeamFunction } from './seam.js';
import { storesNearItself, translate } from './page-walk.js';
import { DmaTracker } from './dma.js';
import { X87Observer, type ObservedMachine } from './observer-x87.js';
import { readCpuState } from './registers.js';
import { loadCpuState } from './load-registers.js';
import { RUN_ONE } from './run-one.js';
import type { CpuState } from '../../formats/state.js';

type Global = WebAssembly.Global;

const DEBUG = 1;
const PAGE_FAULT = 14;
const CODE_32 = 0x100;
/** Of a string instruction, each of some thousand bytes at least. */
const MOST_CHUNKS = 1 << 16;
/** Bit of a page fault's error code (SDM vol. 3A, 4.7). */
const WRITE = 2;
/** Runs with the position once it is known. */
type Deferred = (position: number) => void;

export interface ObserverModules {
  engine: WebAssembly.Module;
  wrapper: WebAssembly.Module;
}

export class Observer implements Probe {
  readonly jit: JitObserver;
  /** Between two slices, before the timers run: state is architectural and the position is `position()`. */
  onSlice: () => void = () => undefined;
  /** While stepping: before an instruction, when all that comes before it has happened. What it throws ends the step. */
  onInstruction: () => void = () => undefined;
  /** Nothing is written while this is off. */
  enabled = false;
  private loaded: ObserverModules | null = null;
  private raw!: EngineExports;
  private count!: Global;
  private vectors!: Global;
  private acknowledged!: Global;
  private depth!: Global;
  private base!: Global;
  private inJit!: Global;
  private look!: Global;
  private quiet!: Global;
  private walksToLook!: Global;
  private repCount!: Global;
  private repEip!: Global;
  private repLeft!: Global;
  private buffer: ArrayBuffer | null = null;
  private words = new Int32Array();
  private readonly blocks = new JitBlocks();
  private deferred: Deferred[] = [];
  /** Where the JIT was left, when a vector says it. */
  private left: Left | null = null;
  /** JIT code broke off an instruction, the one at EIP: it faults, or stores into the module's own pages. */
  private brokenOff = false;
  private readonly dma = new DmaTracker(() => this.memory());
  private sliceStart = 0;
  private devices = 0;
  /** A device replaced the CPU's state. */
  private replaced = false;
  private readonly x87: X87Observer;
  /** What the engine is loaded with. */
  repairs: readonly string[] = [];
  private software: Deferred | null = null;
  /** Vectors under way: more than one where the delivery of one meets another. */
  private deliveries = 0;
  /** What the first of them is. */
  private delivering: 'software' | 'interrupt' | 'fault' = 'fault';

  constructor(
    private readonly modules: (repairs: readonly string[]) => Promise<ObserverModules>,
    private readonly events: EventWriter,
  ) {
    this.x87 = new X87Observer(this.asX87Sees());
    this.jit = {
      generated: (serial, is32) => this.blocks.generated(serial, is32),
      wrap: (f, serial) => this.wrapJit(this.loaded!.wrapper, f, serial),
      imports: (imports) => ({
        ...imports,
        exit_jit: this.looking(imports.exit_jit as SeamFunction, true),
        handle_irqs: this.looking(imports.handle_irqs as SeamFunction, false),
        // Of an engine with the repair single-step.
        ...(imports.leave_to_step !== undefined && {
          leave_to_step: this.looking(imports.leave_to_step as SeamFunction, false),
        }),
      }),
    };
  }

  async load(repairs: readonly string[]): Promise<void> {
    this.repairs = repairs;
    this.loaded = await this.modules(repairs);
  }

  /** How much of a processor the machine is: what a relog's header says of it. */
  kind(): MachineKind {
    return {
      ...(this.repairs.includes('undefined-flags') && { flags: 'defined' }),
      ...(this.exactFloat && { float: 'processor' }),
    };
  }

  private get exactFloat(): boolean {
    return ['sse-arithmetic', 'x87'].every((id) => this.repairs.includes(id));
  }

  get module(): WebAssembly.Module {
    return this.loaded!.engine;
  }

  imports(env: Imports): void {
    const hooks: Record<keyof typeof HOOKS, CallableFunction> = {
      d_vector: (vector: number, software: number, hasError: number, error: number) =>
        this.vector(vector, software !== 0, hasError !== 0 ? error >>> 0 : null),
      d_delivered: () => this.delivered(),
      d_in8: (port: number, value: number) => this.sync(() => this.events.portRead(port, 1, value & 0xff)),
      d_apic: (address: number, value: number) => this.sync(() => this.mmioRead(address, 4, value)),
      d_tsc: (value: bigint) =>
        this.sync(() => this.events.tsc(Number(value & 0xffffffffn), Number((value >> 32n) & 0xffffffffn))),
      d_msr: (index: number) => this.msr(index),
      d_cpuid: (leaf: number, subleaf: number) => this.cpuid(leaf, subleaf),
      d_flags: (eflags: number) => this.sync(() => this.events.flagsImage(eflags)),
      ...this.x87.hooks(),
      d_rewritten: () => storesNearItself(this.memory(), this.ram()) && this.rewritten(),
      d_blocks: (index: number, map: number) => this.blocks.generating(this.memory(), map, index, this.ram()),
      d_left: (serial: number) => this.jitLeft(serial),
    };
    Object.assign(env, hooks, {
      [STEP_HOOK]: () => this.onInstruction(),
      [STORES_STATUS]: () => Number(this.x87.storesStatus()),
    });
    this.reads(env, 'io_port_read16', (port, value) => this.events.portRead(port, 2, value & 0xffff));
    this.reads(env, 'io_port_read32', (port, value) => this.events.portRead(port, 4, value));
    this.reads(env, 'mmap_read8', (address, value) => this.mmioRead(address, 1, value & 0xff));
    this.reads(env, 'mmap_read32', (address, value) => this.mmioRead(address, 4, value));
    const random = env.get_rand_int as () => number;
    env.get_rand_int = () => {
      const value = random();
      this.sync(() => this.events.random(value));
      return value;
    };
    this.dma.watchFrameBuffer(env);
    // The 8-bit port read has its hook inside the engine, where the interrupt controller's ports are too.
    for (const name of Object.keys(env)) {
      if (/^(io_port_write(8|16|32)|io_port_read8|mmap_write(8|16|32|64|128))$/.test(name)) this.inDevice(env, name);
    }
    const timers = env.run_hardware_timers as (...args: number[]) => number;
    env.run_hardware_timers = (...args: number[]) => {
      // HLT runs the timers too, from within JIT code; there the position is not known yet.
      if (this.inJit.value === 0 && this.depth.value === 0) {
        this.flushDma();
        this.onSlice();
      }
      const result = this.asDevice(() => timers(...args));
      this.flushDma();
      return result;
    };
  }

  exports(exports: EngineExports): EngineExports {
    this.raw = exports;
    const globals = exports as unknown as Record<string, Global>;
    this.count = globals.d_count!;
    this.vectors = globals.d_vectors!;
    this.acknowledged = globals.d_acknowledged!;
    this.depth = globals.d_depth!;
    this.walksToLook = globals.d_looking!;
    this.base = globals.d_base!;
    this.inJit = globals.d_in_jit!;
    this.look = globals.d_look!;
    this.quiet = globals.d_quiet!;
    this.repCount = globals.d_rep_count!;
    this.repEip = globals.d_rep_eip!;
    this.repLeft = globals.d_rep_left!;
    const reset = exports.reset_cpu as () => number;
    return {
      ...exports,
      ...this.dma.exports(exports),
      reset_cpu: () => {
        // The engine's own counter begins anew; the difference to `base` is what counts.
        const before = this.word(LAYOUT.instructionCounter);
        const result = reset();
        this.base.value = (this.base.value as number) - (before - this.word(LAYOUT.instructionCounter));
        return result;
      },
    } as unknown as EngineExports;
  }

  /** Positions count from here. */
  reset(): void {
    this.dma.forget();
    this.count.value = 0n;
    this.repCount.value = -1n;
  }

  /**
   * From now on every instruction is interpreted, and `onInstruction` told. Between slices; for engines made for it. The
   * slice goes on as long as `keepSlice` is called: what comes after it is not what came after it in the recording.
   */
  startStepping(): void {
    (this.raw.jit_clear_cache_js as () => void)();
    (this.raw as unknown as Record<string, Global>).d_stepping!.value = 1;
    this.sliceStart = this.word(LAYOUT.instructionCounter);
  }

  /**
   * Runs one instruction from a state, in an engine made for stepping, with nothing before it or behind: the machine cannot
   * go on with its own run.
   * @param opcode its first byte, prefixes included
   * @param pointers see {@link loadCpuState}
   * @returns false when it raises an exception, or repeats without end
   */
  runOne(state: CpuState, opcode: number, pointers: Uint8Array | null): boolean {
    loadCpuState(this.raw, state, pointers);
    const run = (this.raw as unknown as Record<string, (opcode: number) => void>)[RUN_ONE]!;
    const vectors = this.vectors.value as number;
    const start = this.word(LAYOUT.eip);
    const size = (new Uint8Array(this.memory())[LAYOUT.is32] ?? 0) !== 0 ? CODE_32 : 0;
    for (let i = 0; i < MOST_CHUNKS; i++) {
      this.words[LAYOUT.previousEip >> 2] = start;
      this.words[LAYOUT.eip >> 2] = start + 1;
      run(opcode | size);
      if (this.vectors.value !== vectors) return false;
      // A string instruction that has more to do stands where it began.
      if (this.word(LAYOUT.eip) !== start) return true;
    }
    return false;
  }

  /** In onInstruction: the slice does not end by itself, as the interpreter would end it earlier than JIT code does. */
  keepSlice(): void {
    // Counting takes differences within an instruction; only the one after STI is within another.
    if (this.depth.value === 0) this.words[LAYOUT.instructionCounter >> 2] = this.sliceStart;
  }

  /**
   * In onInstruction: position and linear address of the instruction, and whether it is a REP string instruction partly
   * done.
   */
  instruction(): { position: number; linear: number; partial: boolean } {
    const linear = this.word(LAYOUT.previousEip);
    const partial = this.repEip.value === linear && this.repCount.value === this.count.value;
    return { position: Number(this.count.value as bigint), linear: linear >>> 0, partial };
  }

  flags(): number {
    const before = this.quiet.value as number;
    this.quiet.value = before + 1;
    const flags = (this.raw.get_eflags as () => number)();
    this.quiet.value = before;
    return flags;
  }

  /** Instructions retired. Exact between slices, and outside JIT code everywhere. */
  position(): number {
    let count = Number(this.count.value as bigint);
    if ((this.depth.value as number) > 0)
      count += (this.word(LAYOUT.instructionCounter) - (this.base.value as number)) >>> 0;
    return count;
  }

  /** ECX (CX with 16-bit addresses), when a REP string instruction at the current position is partly done; else null. */
  rep(): number | null {
    const partial =
      this.repEip.value === this.word(LAYOUT.eip) && Number(this.repCount.value as bigint) === this.position();
    return partial ? (this.repLeft.value as number) >>> 0 : null;
  }

  /** Writes out DMA that is not yet written; between steps and slices. */
  flushDma(): void {
    if (!this.dma.pending) return;
    const rep = this.inJit.value === 0 ? this.rep() : null;
    for (const { address, data } of this.dma.take()) {
      this.positioned((position) => this.events.dma(position, address, data, rep));
    }
  }

  eip(): number {
    return (this.word(LAYOUT.eip) - this.word(LAYOUT.segmentBase + 4)) >>> 0;
  }

  gpr(): Uint32Array {
    return new Uint32Array(this.memory(), LAYOUT.gpr, 8);
  }

  private vector(vector: number, software: boolean, error: number | null): void {
    const linear = this.word(LAYOUT.eip);
    const interrupt = this.acknowledged.value !== 0;
    this.acknowledged.value = 0;
    // Of debug exceptions v86 has ICEBP's alone, which comes after its instruction.
    const fault = !software && !interrupt && vector !== DEBUG;
    const eip = this.eip();
    const eflags = this.flags();
    const cr2 = vector === PAGE_FAULT && !software ? this.word(LAYOUT.cr + 8) : null;
    const jit = this.inJit.value !== 0;
    if (fault && this.software !== null) {
      // INT n itself faulted: it was not delivered, and did not retire.
      this.software = null;
      this.left = null;
    }
    this.tellSoftware();
    // An instruction reads its own bytes before anything else: a read fault there is the fetch, and nothing began.
    const fetch = fault && cr2 === linear && ((error ?? 0) & WRITE) === 0;
    if (jit && this.left === null) this.left = this.leftAt(linear, fault && !fetch);
    // The interpreter counted the instruction when it began; it did not retire, whatever the delivery of its fault meets.
    const first = this.deliveries === 0 || this.delivering === 'software';
    if (first && fault && (this.depth.value as number) > 0) this.count.value = (this.count.value as bigint) - 1n;
    if (first) this.delivering = fault ? 'fault' : software ? 'software' : 'interrupt';
    this.deliveries++;
    const rep = interrupt && !jit ? this.rep() : null;
    if (!this.enabled) {
      if (jit) this.look.value = 1;
      return;
    }
    this.flushDma();
    if (software) {
      this.software = (position) => this.events.softwareInterrupt(position, vector, eip, eflags);
      return;
    }
    this.positioned((position) => {
      if (interrupt) this.events.interrupt(position, vector, eip, eflags, rep);
      else this.events.exception(position, vector, eip, eflags, error, cr2);
    });
  }

  /** What runs next may be another instruction than the string instruction that is partly done: so far it ran. */
  private rewritten(): void {
    const state = [this.eip(), this.flags(), this.gpr().slice(), (this.repLeft.value as number) >>> 0] as const;
    this.positioned((position) => this.events.check(position, ...state));
  }

  private delivered(): void {
    this.deliveries--;
    this.tellSoftware();
  }

  /** @param eip linear */
  private leftAt(eip: number, began: boolean): Left {
    const physical = translate(this.memory(), this.ram(), eip >>> 0);
    if (physical === null && began)
      throw new Error(`an instruction began at 0x${(eip >>> 0).toString(16)}, where nothing is mapped`);
    return { physical, began };
  }

  /** A software interrupt is told once it is clear that it was delivered. */
  private tellSoftware(): void {
    const { software } = this;
    this.software = null;
    if (software !== null) this.positioned(software);
  }

  /** A JIT module was left where the count may be too large, or with positions still to be told. */
  private jitLeft(serial: number): void {
    const { physical, began } = this.left ?? this.leftAt(this.word(LAYOUT.eip), this.brokenOff);
    const over = physical === null ? 0 : this.blocks.overcount(serial, physical, began);
    this.left = null;
    this.brokenOff = false;
    if (over > 0) this.count.value = (this.count.value as bigint) - BigInt(over);
    const deferred = this.deferred;
    this.deferred = [];
    const position = Number(this.count.value as bigint);
    for (const write of deferred) write(position);
  }

  /** An event with a position: at once, or in JIT code when it is left and the position is known. */
  private positioned(write: Deferred): void {
    if (!this.enabled) return;
    if (this.inJit.value === 0) {
      write(this.position());
      return;
    }
    this.deferred.push(write);
    this.look.value = 1;
  }

  /**
   * An event whose order is all that counts; behind the deferred ones if there are any. What a device wrote to RAM while
   * it was read comes after: the instruction that reads the one retires before it sees the other.
   */
  private sync(write: () => void): void {
    if (!this.enabled || this.devices > 0) return;
    if (this.deferred.length > 0) this.deferred.push(write);
    else write();
    this.flushDma();
  }

  private msr(index: number): void {
    const low = this.word(LAYOUT.gpr);
    const high = this.word(LAYOUT.gpr + 8);
    this.sync(() => this.events.msr(index, low, high));
  }

  private cpuid(leaf: number, subleaf: number): void {
    const [eax, ecx, edx, ebx] = this.gpr() as unknown as [number, number, number, number];
    this.sync(() => this.events.cpuid(leaf, subleaf, [eax, ebx, ecx, edx]));
  }

  private asX87Sees(): ObservedMachine {
    return {
      enabled: () => this.enabled,
      exact: () => this.exactFloat,
      memory: () => this.memory(),
      ram: () => this.ram(),
      tagWord: () => (this.raw.fpu_load_tag_word as () => number)() & 0xffff,
      write: (event) => this.sync(() => event(this.events)),
    };
  }

  private reads(env: Imports, name: string, write: (address: number, value: number) => void): void {
    const inner = env[name] as (address: number) => number;
    env[name] = (address: number) => {
      const value = this.asDevice(() => inner(address));
      this.sync(() => write(address, value));
      this.tellState(name === 'io_port_read32' ? value : null);
      return value;
    };
  }

  /** Where page tables are only looked at, who reads them for good comes after that. */
  private mmioRead(address: number, size: 1 | 4, value: number): void {
    if (this.walksToLook.value === 0) this.events.mmioRead(address, size, value);
  }

  private inDevice(env: Imports, name: string): void {
    const inner = env[name] as (...args: number[]) => number;
    env[name] = (a: number, b: number, c: number, d: number, e: number) => {
      const value = this.asDevice(() => inner(a, b, c, d, e));
      // A port read is told by its hook inside the engine, and before what the device wrote meanwhile.
      if (name !== 'io_port_read8') {
        this.flushDma();
        this.tellState(null);
      }
      return value;
    };
  }

  /** What devices read of each other meanwhile is not the CPU's. */
  private asDevice<T>(run: () => T): T {
    const eip = this.word(LAYOUT.eip);
    const vectors = this.vectors.value as number;
    this.devices++;
    try {
      return run();
    } finally {
      this.devices--;
      // No device moves EIP but one that resets the processor, or puts it where a loaded program begins.
      if (this.devices === 0 && this.word(LAYOUT.eip) !== eip && this.vectors.value === vectors) this.replaced = true;
    }
  }

  /** @param eax what the instruction under way, IN of 32 bits, is about to put into EAX */
  private tellState(eax: number | null): void {
    if (!this.replaced) return;
    this.replaced = false;
    const state = readCpuState(this.memory(), this.flags());
    if (eax !== null) state.gpr[0] = eax >>> 0;
    this.positioned((position) => this.events.state(position, state));
  }

  private looking(inner: SeamFunction, brokenOff: boolean): SeamFunction {
    return (...args) => {
      this.look.value = 1;
      this.brokenOff = brokenOff;
      return inner(...args);
    };
  }

  private wrapJit(wrapper: WebAssembly.Module, f: CallableFunction, serial: number): CallableFunction {
    this.blocks.live(serial);
    const { d_enter: enter, d_leave: leave } = this.raw;
    const number = new WebAssembly.Global({ value: 'i32' }, serial);
    const imports = { f, enter, leave, serial: number } as unknown as WebAssembly.ModuleImports;
    return new WebAssembly.Instance(wrapper, { e: imports }).exports.w as CallableFunction;
  }

  private memory(): ArrayBuffer {
    return this.raw.memory.buffer;
  }

  private word(address: number): number {
    // The memory may grow and get another buffer.
    const buffer = this.memory();
    if (this.buffer !== buffer) {
      this.buffer = buffer;
      this.words = new Int32Array(buffer);
    }
    return this.words[address >> 2]!;
  }

  private ram(): Uint8Array {
    return this.dma.ram();
  }
}
