/**
 * The second pass: runs both sides to the beginning of the stretch in which they part, and from there on instruction by
 * instruction, until one of them does something else.
 *
 * The machine interprets from there on, and says before each instruction where it stands. The simulator follows, and all
 * that the instruction before can have changed is compared: registers, the memory it writes by its operands, what a
 * vector pushed, and the first words that differ at the end of the stretch, whoever writes them.
 */
import { EFLAGS_DEFINED, Simulator, STATUS_FLAGS, type Step } from '../../engines/unicorn/index.js';
import { LAYOUT, readCpuState, type Machine, type Observer } from '../../engines/v86/index.js';
import type { CpuState } from '../../formats/state.js';
import type { SimulationStop } from '../simulation.js';
import { PAGE_BYTES } from '../../formats/pages.js';
import { machineWord, stateDifferences, stretchDifferences, type StateDifferences } from './differences.js';
import type { Stretch } from './narrow.js';
import { Decoding, stringTarget, written, type Decoded, type LinearStretch } from './operands.js';
import { SideBySide, type SideBySideOptions } from './side-by-side.js';
import { Trace, type Executed } from './trace.js';

/** Where both stood before an instruction, and agreed. */
export interface Before {
  position: number;
  linear: number;
  machine: CpuState;
  simulator: CpuState;
}

/** A word of physical memory. */
export interface MemoryDifference {
  address: number;
  /** Null when it is not known. */
  before: number | null;
  machine: number;
  simulator: number;
}

export interface Found {
  /** The instruction; of several, when the two could not be compared between them, the first. */
  before: Before | null;
  /** Instructions that the difference may come from. */
  instructions: number;
  /** After it. The simulator's memory is as it is then. */
  machine: CpuState;
  simulator: CpuState;
  registers: StateDifferences[];
  memory: MemoryDifference[];
  /** What the machine has done, the instruction at the end; and what it is about to do. */
  trace: Executed[];
  next: Executed | null;
  /** How the simulator stopped, if not by a difference. */
  stop: SimulationStop;
}

export type Stepped =
  | { kind: 'found'; found: Found; pair: SideBySide }
  /** The two did the same; `interpreterAgrees`: and ended as the machine did in the first pass. */
  | { kind: 'nothing'; interpreterAgrees: boolean; steps: number; pair: SideBySide };

/** Words of RAM, of those that differ in the end, that are looked at after every instruction. */
const WATCHED_WORDS = 4;
/** Of the stack, what a vector may have pushed. */
const PUSHED_BYTES = 64;
/** Offset in a packed CPU state of what follows general registers, EIP and EFLAGS. */
const PACKED_REST = 40;
/** What of the machine's registers changes seldom. */
const FILE_PARTS = [
  [LAYOUT.segmentAccess, LAYOUT.eip],
  [LAYOUT.idtrLimit, LAYOUT.instructionCounter],
  [LAYOUT.selectors, LAYOUT.end],
] as const;
const CODE_BYTES = 15;
const ES = 0;
const CS = 1;
const SS = 2;
const ESP = 4;

/** A stretch of physical memory. */
interface Target {
  address: number;
  length: number;
  /** What its words held before the instruction, as far as known. */
  before?: Map<number, number>;
}

/** Ends the machine's step from within. */
class Finished extends Error {}

/** The caller closes `pair`. @throws DecoupleError what replaying throws */
export async function stepThrough(options: SideBySideOptions, stretch: Stretch, strict: boolean): Promise<Stepped> {
  const holder: { stepper: Stepper | null } = { stepper: null };
  const pair: SideBySide = await SideBySide.open(options, { stepping: true }, {}, ({ check }) => {
    if (holder.stepper !== null) holder.stepper.end(check);
    else if (check === stretch.fromCheck) holder.stepper = new Stepper(pair, stretch, strict);
  });
  try {
    if (stretch.fromCheck === 0) pair.onStart = () => (holder.stepper = new Stepper(pair, stretch, strict));
    await pair.run();
  } catch (error) {
    if (!(error instanceof Finished)) {
      pair.close();
      throw error;
    }
  }
  const { stepper } = holder;
  stepper?.close();
  const found = stepper?.found ?? null;
  if (found !== null) return { kind: 'found', found, pair };
  return { kind: 'nothing', interpreterAgrees: stepper?.endsAlike ?? false, steps: stepper?.steps ?? 0, pair };
}

class Stepper {
  found: Found | null = null;
  endsAlike = false;
  steps = 0;
  private readonly machine: Machine;
  private readonly observer: Observer;
  private readonly simulator: Simulator;
  private readonly decoding = new Decoding();
  private readonly trace = new Trace();
  private before: { position: number; linear: number; file: Buffer; flags: number; packed: Uint8Array; events: number };
  private decoded: Decoded | null = null;
  private targets: Target[] = [];
  private pending = 0;

  constructor(
    private readonly pair: SideBySide,
    private readonly stretch: Stretch,
    private readonly strict: boolean,
  ) {
    this.machine = pair.machine;
    this.observer = pair.observer;
    this.simulator = pair.simulation.simulator;
    pair.apart = true;
    this.simulator.setStepping(true);
    this.observer.onInstruction = () => this.instruction();
    this.observer.startStepping();
    const { linear } = this.simulator.readStep();
    this.before = this.here(this.observer.position(), linear);
  }

  close(): void {
    this.decoding.close();
  }

  /** The machine is about to run an instruction. */
  private instruction(): void {
    const { position, linear, partial } = this.observer.instruction();
    this.observer.keepSlice();
    this.steps++;
    const atEnd = position >= this.stretch.to && this.stretch.toCheck !== null;
    // The simulator does a string instruction at once, up to its end or to what interrupts it.
    if (partial && atEnd) this.arrive(position, linear);
    if (partial) return;
    this.meet(position, linear);
    if (atEnd) this.finish();
    const here = { position, linear, code: this.codeAt(linear), bits: this.bits() };
    this.trace.add(here);
    this.decoded = this.decoding.at(linear, here.code, here.bits);
    // What an instruction wrote that could not be compared yet is looked at later.
    this.targets = [...(this.pending > 0 ? this.targets : []), ...this.targetsOf(this.decoded)];
  }

  /** The machine is between two slices: it halted, or the recording is at its end. */
  end(check: number | null): void {
    const position = this.observer.position();
    if (check !== null && position < this.stretch.to) return;
    this.arrive(position, (this.observer.eip() + this.machine.cpuState().segments[CS]!.base) >>> 0);
  }

  /** The machine is at the end of the stretch, in the middle of an instruction or halted: the simulator goes there. */
  private arrive(position: number, linear: number): never {
    this.pending++;
    this.simulator.setStepping(false);
    this.simulator.stopAtCheck(this.stretch.toCheck);
    const stop = this.pair.simulation.advance();
    const registers = this.compareRegisters(this.simulator.readStep(), linear);
    const memory = this.compareMemory();
    if (stop.reason === 'diverged' || registers.length > 0 || memory.length > 0) {
      this.report(position, linear, registers, memory, stop);
    }
    this.finish();
  }

  private finish(): never {
    const gpr = this.observer.gpr();
    this.endsAlike = this.stretch.gpr.every((value, i) => value === gpr[i]);
    this.stop();
  }

  private stop(): never {
    this.pair.finish();
    throw new Finished();
  }

  /** Brings the simulator to where the machine is, and compares. */
  private meet(position: number, linear: number): void {
    this.pending++;
    const stop = this.follow(position);
    if (stop === 'ahead') return;
    // Where the simulator gave up it has not done what the machine has: there is nothing to compare.
    if (stop !== 'level') this.report(position, linear, [], [], stop);
    const registers = this.compareRegisters(this.simulator.readStep(), linear);
    const memory = this.compareMemory();
    const told = this.stretch.mismatch !== null && this.pair.events.count > this.stretch.mismatch.index;
    if (registers.length > 0 || memory.length > 0 || told) {
      this.report(position, linear, registers, memory, { reason: 'limit' });
    }
    this.before = this.here(position, linear);
    this.pending = 0;
  }

  private follow(position: number): 'level' | 'ahead' | SimulationStop {
    const events = this.pair.events.count;
    for (;;) {
      const step = this.simulator.readStep();
      if (step.position === position && step.events === events) return 'level';
      // An instruction whose code is not mapped faults before the one begins, and within the other.
      if (step.position > position || step.events > events) return 'ahead';
      const stop = this.pair.simulation.advance();
      if (stop.reason !== 'limit') return stop;
    }
  }

  private compareRegisters(step: Step, linear: number): StateDifferences[] {
    const gpr = this.observer.gpr();
    const eflags = this.observer.flags();
    const { header } = this.pair.simulation;
    const compared = EFLAGS_DEFINED & (header.flags === 'defined' ? -1 : ~STATUS_FLAGS);
    const allowed = ((eflags ^ step.eflags) & compared) === 0;
    const same =
      step.linear === linear && allowed && step.gpr.every((value, i) => value === gpr[i]) && !this.restChanged();
    if (same) return [];
    const machine = this.machineState(linear);
    const simulator = this.simulator.readState();
    if (allowed) simulator.eflags = machine.eflags;
    return stateDifferences(machine, simulator, this.strict, header);
  }

  /** Where the instruction that is about to run writes, by its operands. */
  private targetsOf(decoded: Decoded | null): Target[] {
    if (decoded === null || decoded.writes.length === 0) return [];
    const { segments, gpr } = this.machine.cpuState();
    return this.physical(written(decoded, { gpr, base: (i) => segments[i]?.base ?? 0 })).map((target) => ({
      ...target,
      before: wordsOf(this.machine, target),
    }));
  }

  private compareMemory(): MemoryDifference[] {
    const { machine, simulator, before, decoded } = this;
    const targets: Target[] = [...this.targets];
    const stretches: LinearStretch[] = [];
    if (decoded?.string) {
      const { segments, gpr } = this.stateOf(before.file, before.flags, before.linear);
      stretches.push(stringTarget(decoded, segments[ES]!.base, gpr, this.observer.gpr()));
    }
    if (this.pair.events.count !== before.events) {
      const { segments, gpr } = this.machine.cpuState();
      stretches.push({ linear: (segments[SS]!.base + gpr[ESP]!) >>> 0, length: PUSHED_BYTES });
    }
    targets.push(...this.physical(stretches));
    for (const { address } of this.stretch.ram.differences.slice(0, WATCHED_WORDS))
      targets.push({ address, length: 4 });
    const found = new Map<number, MemoryDifference>();
    for (const target of targets) {
      for (const each of stretchDifferences(machine, simulator, target.address, target.length)) {
        if (found.has(each.address)) continue;
        const old = target.before?.get(each.address) ?? null;
        found.set(each.address, { address: each.address, before: old, machine: each.expected, simulator: each.got });
      }
    }
    return [...found.values()].sort((a, b) => a.address - b.address);
  }

  /** As far as it is mapped, page by page. */
  private physical(stretches: readonly LinearStretch[]): Target[] {
    return stretches.flatMap(({ linear, length }) => {
      const targets: Target[] = [];
      for (let at = linear, end = linear + length; at < end;) {
        const part = Math.min(end, (Math.floor(at / PAGE_BYTES) + 1) * PAGE_BYTES) - at;
        const address = this.simulator.translate(at);
        if (address !== null) targets.push({ address, length: part });
        at += part;
      }
      return targets;
    });
  }

  /** Whether anything changed, on either side, beside general registers, EIP and EFLAGS. */
  private restChanged(): boolean {
    const file = this.file();
    if (FILE_PARTS.some(([from, to]) => file.compare(this.before.file, from, to, from, to) !== 0)) return true;
    return (
      Buffer.compare(this.simulator.readPacked().subarray(PACKED_REST), this.before.packed.subarray(PACKED_REST)) !== 0
    );
  }

  private report(
    position: number,
    linear: number,
    registers: StateDifferences[],
    memory: MemoryDifference[],
    stop: SimulationStop,
  ): never {
    const { file, flags, packed, ...before } = this.before;
    this.found = {
      before: { ...before, machine: this.stateOf(file, flags, before.linear), simulator: Simulator.unpack(packed) },
      instructions: this.pending,
      machine: this.machineState(linear),
      simulator: this.simulator.readState(),
      registers,
      memory,
      trace: this.trace.list(),
      next: { position, linear, code: this.codeAt(linear), bits: this.bits() },
      stop,
    };
    this.stop();
  }

  private here(position: number, linear: number): Stepper['before'] {
    return {
      position,
      linear,
      file: Buffer.from(this.file()),
      flags: this.observer.flags(),
      packed: this.simulator.readPacked(),
      events: this.pair.events.count,
    };
  }

  private machineState(linear: number): CpuState {
    return this.stateOf(this.file(), this.observer.flags(), linear);
  }

  /** While an instruction is about to begin, the machine's EIP is behind its first byte. */
  private stateOf(file: Buffer, flags: number, linear: number): CpuState {
    const state = readCpuState(Uint8Array.from(file).buffer, flags);
    return { ...state, eip: (linear - state.segments[CS]!.base) >>> 0 };
  }

  private file(): Buffer {
    return Buffer.from(this.machine.memory.buffer, 0, LAYOUT.end);
  }

  private bits(): 16 | 32 {
    return this.file()[LAYOUT.is32] ? 32 : 16;
  }

  private codeAt(linear: number): Uint8Array {
    return this.simulator.readLinear(linear, CODE_BYTES);
  }
}

const MOST_WORDS_KEPT = 8;

function wordsOf(machine: Machine, { address, length }: Target): Map<number, number> {
  const words = new Map<number, number>();
  for (let at = (address & ~3) >>> 0; at < address + length && words.size < MOST_WORDS_KEPT; at += 4) {
    const word = machineWord(machine, at);
    if (word !== null) words.set(at, word);
  }
  return words;
}
