/**
 * The simulator as the stages see it: RAM and a CPU state go in, then events, and `run` goes as far as they reach.
 * Everything that happens an instruction or an event at a time is in the addon.
 */
import type { CpuState, RamRegion } from '../../formats/state.js';
import type { MachineKind } from '../../formats/relog.js';
import { guarded, loadNative, type NativeSimulator } from './native.js';
import { packState, unpackState } from './packing.js';
import { type ExpectedRam, PAGE_SIZE, packRegions } from './ram.js';
import type { PlantedFault, WrongForm } from './fault.js';

/** Where the simulator stands. */
export interface Situation {
  position: bigint;
  /** Linear address of the instruction at CS:EIP. */
  linear: number;
  /** Code there, as much as is mapped; at most 15 bytes. */
  code: Uint8Array;
  /** Width of the code segment. */
  bits: 16 | 32;
  /** Events consumed before, oldest first; then those that are to come. One line each. */
  before: string[];
  after: string[];
}

/** Where the simulation first differs from the relog. */
export interface SimulatorDivergence extends Situation {
  what: string;
  expected: string;
  got: string;
}

export type RunStop =
  /** More events are needed: the last ones fed are kept until it is known what follows them. */
  | { reason: 'starved' }
  | { reason: 'keyframe'; index: number }
  /** The CPU's state is to be replaced by this one, encoded as in the relog; RAM stays. */
  | { reason: 'state'; state: Uint8Array }
  /** The relog states what this instruction did: memory is so already, registers become as `after` says. */
  | { reason: 'effect'; code: Uint8Array; after: Uint8Array }
  /** An instruction of this form is about to run; run on, and it does. */
  | { reason: 'form'; form: bigint }
  | { reason: 'end' }
  | { reason: 'limit' }
  /** One instruction repeats for long, and is in its middle: run on. */
  | { reason: 'pause' }
  | { reason: 'diverged'; divergence: SimulatorDivergence };

export interface Counts {
  events: number;
  interrupts: number;
  exceptions: number;
  softwareInterrupts: number;
  dma: number;
  checks: number;
  /** Keyframe marks. */
  marks: number;
  /** Blocks translated. */
  translations: number;
  /** Blocks cut short, for an event in their middle. */
  splits: number;
  /** Instructions whose effect the relog states. */
  healed: number;
}

/**
 * How often code ran, since the last batch; rows sorted by address space, address and code. A row is a run of
 * instructions that ran equally often, cut behind every transfer of control. It holds retired work alone, and does not
 * depend on where runs were stopped.
 */
export interface BlockBatch {
  /** Rows. */
  length: number;
  /** Page directory: CR3 without its flags. */
  cr3: Uint32Array;
  /** Linear address of the first instruction. */
  pc: Uint32Array;
  /** Bytes of code. */
  size: Uint32Array;
  /** Instructions in it. */
  icount: Uint32Array;
  executions: Float64Array;
  /** FNV-1a, 64 bits, of the code. */
  hash: BigUint64Array;
  /** Lengths of all instructions, and all code, row after row. */
  lengths: Uint8Array;
  code: Uint8Array;
}

export interface RamComparison {
  differingWords: number;
  /** The first ones, by address; 32-bit words. */
  differences: { address: number; expected: number; got: number }[];
}

/** Where it stands while it goes instruction by instruction, and what nearly every instruction changes. */
export interface Step {
  position: number;
  /** Events consumed since the start, keyframe marks apart. */
  events: number;
  /** Linear address of the next instruction. */
  linear: number;
  eflags: number;
  gpr: number[];
}

/** An exception that the relog states and the engine, left to itself, would not have raised like that. */
export interface Disagreement {
  vector: number;
  /** The vector that the engine raised; `otherwise`: the same one, with another error code or address. */
  raised: number | 'nothing' | 'otherwise';
  /** Code of one of the instructions, and the width of its segment. */
  code: Uint8Array;
  bits: 16 | 32;
  count: number;
}

const NOTHING = -1;
const NO_LIMIT = 2n ** 64n - 1n;
const LONGEST_INSTRUCTION = 15;
const CODE_SEGMENT = 1;
const STEP_FIELDS = 12;
const EVERY_CHECK = 2n ** 64n - 1n;
const MEMORY = -1;
const FLAGS = -2;

function targetNumber(target: WrongForm['target']): number {
  if (target === 'memory') return MEMORY;
  return target === 'flags' ? FLAGS : target;
}

const BIG = 0x4000;

export class Simulator {
  private readonly native: NativeSimulator;
  private readonly step = new Float64Array(STEP_FIELDS);

  /** @param options `fault`: for tests, an instruction to compute wrongly, once */
  constructor(options: { ram: readonly RamRegion[]; fault?: PlantedFault | null; wrongForms?: readonly WrongForm[] }) {
    const native = loadNative();
    this.native = guarded(() => new native.Simulator(packRegions(options.ram)));
    const { fault, wrongForms = [] } = options;
    for (const { opcode, digit, target } of wrongForms)
      this.native.spoilForm(opcode, digit ?? -1, targetNumber(target));
    if (fault) this.native.plantFault(fault.position, fault.target === 'memory' ? MEMORY : fault.target);
  }

  /** The library in use, and which of its known layouts it was proven to have. */
  static versionInfo(): { unicorn: string; layout: string } {
    return loadNative().versionInfo();
  }

  /** Sets the CPU's state; `position` is that of the instruction at CS:EIP. Forgets a divergence. */
  loadState(state: CpuState, position: bigint): void {
    guarded(() => this.native.loadState(packState(state, loadNative().stateSize), position));
  }

  readState(): CpuState {
    return unpackState(this.native.readState());
  }

  /** The same as bytes that are equal when it is, without being taken apart; see `unpack`. */
  readPacked(): Uint8Array {
    return this.native.readState();
  }

  static unpack(packed: Uint8Array): CpuState {
    return unpackState(packed);
  }

  /** For a machine whose flags are not all defined: where events tell the status flags, these are taken, not compared. */
  takeFlags(on: boolean): void {
    this.native.takeFlags(on);
  }

  /** For a machine whose floating point is a processor's: all of its status is computed, and compared. */
  setExactFloat(on: boolean): void {
    this.native.setExactFloat(on);
  }

  /** How much of a processor the machine is, as the header of its relog says. */
  follow({ flags, float }: MachineKind): void {
    this.takeFlags(flags !== 'defined');
    this.setExactFloat(float === 'processor');
  }

  /** Sets whole pages of RAM: page number n is the physical address n * 4096. Between runs. */
  writePages(numbers: Uint32Array, data: Uint8Array): void {
    guarded(() => this.native.writePages(numbers, data));
  }

  /** The content of a page, or null when it is not RAM. */
  readPage(number: number): Uint8Array | null {
    return this.readPhysical(number * PAGE_SIZE, PAGE_SIZE);
  }

  /** Makes RAM what `expected` says. */
  loadRam(expected: ExpectedRam): void {
    guarded(() => this.native.copyRamFrom(expected.native));
  }

  /** Makes `expected` what RAM is. */
  saveRam(expected: ExpectedRam): void {
    guarded(() => this.native.copyRamTo(expected.native));
  }

  /** Appends the payload of one `events` frame. Copied; throws `relog-malformed` and keeps nothing when it is invalid. */
  feed(frame: Uint8Array): void {
    guarded(() => this.native.feed(frame));
  }

  /** Says that nothing follows what was fed, so that it can be consumed to the last event. */
  finish(): void {
    this.native.finish();
  }

  /** Forgets what was fed and not consumed; for starting over at another keyframe. */
  dropEvents(): void {
    this.native.dropEvents();
  }

  /** Bytes of frames held. */
  get bytesHeld(): number {
    return this.native.bytesHeld();
  }

  /** Goes on until something stops it; with a limit, after at most so many instructions. */
  run(limitInstructions?: number | bigint): RunStop {
    const limit = limitInstructions === undefined ? NO_LIMIT : BigInt(limitInstructions);
    const reason = guarded(() => this.native.run(limit));
    if (reason === 'keyframe') return { reason, index: this.native.keyframeIndex() };
    if (reason === 'state') return { reason, state: this.native.newState() };
    if (reason === 'effect') return { reason, code: this.native.healedCode(), after: this.native.newState() };
    if (reason === 'form') return { reason, form: this.native.form() };
    if (reason === 'diverged') return { reason, divergence: this.divergence() };
    return { reason };
  }

  /** Runs also stop, with `limit`, when the check of this number (from 1) was found to agree; null: no more. */
  stopAtCheck(number: number | null): void {
    this.native.stopAtCheck(number === null ? EVERY_CHECK : BigInt(number));
  }

  /** Runs also stop, with `limit`, before every instruction, once what happens at its position has happened. */
  setStepping(on: boolean): void {
    guarded(() => this.native.setStepping(on));
  }

  /**
   * For events that were changed: where they tell the machine's status flags and general registers, and what a check
   * says of the events before it, nothing is compared; the simulator's own stand and are noted. All else must agree.
   */
  setOwnValues(on: boolean): void {
    this.native.setOwnValues(on);
  }

  /**
   * What was noted since the last time, in the order of the events: EFLAGS as the event should have it for each
   * interrupt, exception, software interrupt, flags image and check, and after those of a check the general registers.
   */
  takeOwnValues(): Uint32Array {
    return this.native.takeOwnValues();
  }

  /** Runs also stop before instructions of forms that are known to be wrong, and, with `all`, of those not judged yet. */
  lookAtForms(all: boolean): void {
    this.native.lookAtForms(all);
  }

  judgeForm(form: bigint, verdict: 'fine' | 'wrong'): void {
    this.native.judgeForm(form, verdict === 'wrong');
  }

  /** Code is translated anew, so that forms found fine cost nothing any more, and wrong ones are stopped at. */
  formsChanged(): void {
    this.native.formsChanged();
  }

  readStep(): Step {
    this.native.readStep(this.step);
    const [position, events, linear, eflags, ...gpr] = this.step as unknown as [number, number, number, number];
    return { position, events, linear, eflags, gpr };
  }

  /**
   * Exceptions that are delivered as the relog says, without running their instruction: from now on it is run, and taken
   * back, to see whether the engine agrees.
   */
  setComparing(on: boolean): void {
    this.native.setComparing(on);
  }

  /** Exceptions of the relog that the engine did not raise, or not so, by the form of the instruction. */
  get disagreements(): Disagreement[] {
    return this.native.disagreements().map(({ vector, raised, bits, code, count }) => ({
      vector,
      raised: raised === NOTHING ? 'nothing' : raised < 0 ? 'otherwise' : raised,
      bits: bits === 16 ? 16 : 32,
      code,
      count,
    }));
  }

  /** Instructions retired since the start of the machine's run. */
  get position(): bigint {
    return this.native.position();
  }

  get counts(): Counts {
    return this.native.counts() as unknown as Counts;
  }

  /** Differences forgiven so far, by row of the table in forgiven.ts. */
  get forgiven(): Record<string, number> {
    return this.native.forgiven();
  }

  /** Compares all of RAM; about 20 ms for 128 MiB. */
  compareRam(expected: ExpectedRam, maxDifferences = 16): RamComparison {
    return comparisonOf(guarded(() => this.native.compareRam(expected.native, maxDifferences)));
  }

  /** Compares the RAM from a physical address on, whole words within one region, with what it should hold. */
  compareBytes(address: number, expected: Uint8Array, maxDifferences = 16): RamComparison {
    return comparisonOf(guarded(() => this.native.compareBytes(address, expected, maxDifferences)));
  }

  /** A copy of physical memory; null unless all of it is in one region of RAM. */
  readPhysical(address: number, length: number): Uint8Array | null {
    return this.native.readPhysical(address, length);
  }

  /** The physical address of a linear one, null when it is not mapped. Changes nothing. */
  translate(linear: number): number | null {
    return this.native.translate(linear >>> 0);
  }

  /** A copy of memory at a linear address, as far as it is mapped to RAM. */
  readLinear(linear: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const at = (linear + done) >>> 0;
      const part = Math.min(length - done, PAGE_SIZE - (at % PAGE_SIZE));
      const physical = this.translate(at);
      const piece = physical === null ? null : this.readPhysical(physical, part);
      if (piece === null) break;
      bytes.set(piece, done);
      done += part;
    }
    return bytes.subarray(0, done);
  }

  /** Counts from the next run on how often code runs. */
  enableBlocks(): void {
    this.native.enableCoverage();
  }

  takeBatch(): BlockBatch {
    const { space, address, instructions, ...rest } = this.native.takeCoverage();
    return { length: space.length, cr3: space, pc: address, icount: instructions, ...rest };
  }

  /** Where it stands, for telling the user about something found there. */
  situation(): Situation {
    const { position, linear, before, after } = this.native.situation();
    return { position, linear, before, after, ...this.codeAt(linear) };
  }

  /** Frees the guest's memory and the engine. */
  close(): void {
    this.native.close();
  }

  private divergence(): SimulatorDivergence {
    const divergence = this.native.divergence();
    return { ...divergence, ...this.codeAt(divergence.linear) };
  }

  /** Width of the code segment. */
  codeBits(): 16 | 32 {
    return (this.readState().segments[CODE_SEGMENT]!.attributes & BIG) !== 0 ? 32 : 16;
  }

  /** The longest an instruction at a linear address may be, as far as it is mapped, and the width of the code segment. */
  codeAt(linear: number): { code: Uint8Array; bits: 16 | 32 } {
    return { code: this.readLinear(linear, LONGEST_INSTRUCTION), bits: this.codeBits() };
  }
}

function comparisonOf({ differingWords, words }: { differingWords: number; words: Uint32Array }): RamComparison {
  const differences = Array.from({ length: words.length / 3 }, (_, i) => ({
    address: words[3 * i]!,
    expected: words[3 * i + 1]!,
    got: words[3 * i + 2]!,
  }));
  return { differingWords, differences };
}
