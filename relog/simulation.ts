/** Feeds a relog to the simulator, epoch by epoch: what verify and analyze have in common. */
import { ExpectedRam, Simulator, type SimulatorDivergence } from '../engines/unicorn/index.js';
import { ContainerReader, damaged } from '../formats/container/index.js';
import { applyPages, type Pages, type PageTarget } from '../formats/pages.js';
import {
  readCpuState,
  readRelog,
  readRelogHeader,
  stateAfter,
  type Keyframe,
  type RelogHeader,
  type RelogItem,
} from '../formats/relog.js';
import { ShapeError } from '../formats/shape.js';
import type { CpuState } from '../formats/state.js';
import { breathe } from './breathe.js';
import type { StageOptions } from './api.js';
import { findKeyframe } from './find-keyframe.js';
import { HealedForms } from './heal/healed-forms.js';
import { lengthFrom } from './run-length.js';
import { testFault, testForms } from './test-fault.js';
import { throttled } from './throttle.js';

/** How far the simulator runs before the process may breathe. */
const BREATH_INSTRUCTIONS = 20_000_000;
/** Keyframes and the like until then: each may have all of RAM to be looked at. */
const BREATH_STOPS = 4;

export interface SimulationHooks extends StageOptions {
  /** Also read the keyframes after the first, and keep RAM as they say it is. */
  expectRam: boolean;
  /** Position: starts at the last keyframe that is not behind it. Absent: at the first. */
  from?: number | undefined;
  /** Position: `run` stops there. Absent: at the end. */
  to?: number | undefined;
  /** The simulator stands at the position of a keyframe after the first. */
  onKeyframe?: (keyframe: Keyframe) => 'go on' | 'stop';
  /** An instruction of this form is about to run (`Simulator.lookAtForms`). */
  onForm?: (form: bigint) => 'go on' | 'stop';
  onBreath?: () => void;
  /** It stands at `from`, or at the start: what analyses need may be switched on. */
  onFrom?: (simulator: Simulator) => void;
  /** Events are about to be fed to the simulator. */
  onEvents?: (payload: Uint8Array) => void;
}

/** Why `advance` came back. */
export type SimulationStop =
  /** The limit was reached, or whatever else the simulator was asked to stop at. */
  | { reason: 'limit' }
  /** It stopped very often on its way there, or one instruction takes long. */
  | { reason: 'pause' }
  | { reason: 'end' }
  /** A hook said stop. */
  | { reason: 'stopped' }
  | { reason: 'diverged'; divergence: SimulatorDivergence };

/**
 * Runs a relog from its first keyframe to its end, to a divergence, or until a hook says stop.
 * The simulator in the result is still open: the caller closes it.
 * @throws DecoupleError what reading a relog throws; relog-malformed, simulator-unavailable, interrupted
 */
export class Simulation {
  readonly reader: ContainerReader;
  readonly header: RelogHeader;
  readonly simulator: Simulator;
  readonly expected: ExpectedRam | null;
  /** Keyframes up to where it stands, those that were passed over included. */
  keyframes = 0;
  /** The position that the simulator started at. */
  start = 0;
  /** Instructions whose effect the relog states, so far. */
  readonly healed = new HealedForms();
  private begun = false;
  private pending: Keyframe | null = null;
  private finished = false;
  private readonly items: Generator<RelogItem>;
  private readonly tell: ReturnType<typeof throttled>;

  constructor(
    path: string,
    private readonly hooks: SimulationHooks,
  ) {
    this.reader = new ContainerReader(path, 'relog');
    try {
      this.header = readRelogHeader(this.reader);
      this.simulator = new Simulator({ ram: this.header.ram, fault: testFault(), wrongForms: testForms() });
      this.simulator.follow(this.header);
      this.expected = hooks.expectRam ? new ExpectedRam(this.header.ram) : null;
    } catch (error) {
      this.reader.close();
      throw error;
    }
    this.items = readRelog(this.reader, () => this.begun);
    this.tell = throttled(hooks.onProgress, () => lengthFrom(path, this.start, hooks.to));
  }

  /** @returns the divergence that ended the run, or null */
  async run(): Promise<SimulatorDivergence | null> {
    const { from, to } = this.hooks;
    this.begin();
    if (from !== undefined) {
      const divergence = await this.runTo(from);
      if (divergence !== null || Number(this.simulator.position) < from) return divergence;
    }
    this.hooks.onFrom?.(this.simulator);
    return this.runTo(to ?? Infinity);
  }

  /** Loads the keyframe to start at. */
  begin(): void {
    const keyframe = this.firstKeyframe();
    this.begun = true;
    this.start = keyframe.position;
    this.keyframes = keyframe.index + 1;
    this.simulator.loadState(keyframe.state, BigInt(keyframe.position));
  }

  private async runTo(position: number): Promise<SimulatorDivergence | null> {
    for (;;) {
      const left = position - Number(this.simulator.position);
      if (left <= 0) return null;
      const stop = this.advance(Math.min(BREATH_INSTRUCTIONS, left), BREATH_STOPS);
      if (stop.reason === 'diverged') return stop.divergence;
      if (stop.reason !== 'limit' && stop.reason !== 'pause') return null;
      await this.breathe();
    }
  }

  /**
   * Goes on, after `begin`, without letting the process breathe.
   * @param limit instructions
   * @param stops comes back after so many keyframes, states, frames of events, and pauses
   */
  advance(limit?: number, stops = Infinity): SimulationStop {
    const until = limit === undefined ? null : this.simulator.position + BigInt(limit);
    for (let stopped = 0; ; stopped++) {
      if (stopped > stops) return { reason: 'pause' };
      const stop = this.simulator.run(until === null ? undefined : until - this.simulator.position);
      switch (stop.reason) {
        case 'starved':
          if (this.fed) return { reason: 'end' };
          this.feedMore();
          break;
        case 'end':
          this.drain();
          return stop;
        case 'keyframe':
          if (this.meet(stop.index) === 'stop') return { reason: 'stopped' };
          break;
        case 'state':
          this.simulator.loadState(this.stateOf(stop.state), this.simulator.position);
          break;
        case 'effect':
          this.healed.add(stop.code, this.simulator.codeBits());
          this.simulator.loadState(this.after(stop.after), this.simulator.position);
          break;
        case 'form': {
          const next = this.hooks.onForm?.(stop.form) ?? 'go on';
          if (next === 'stop') return { reason: 'stopped' };
          break;
        }
        case 'pause':
          break;
        default:
          return stop;
      }
    }
  }

  /** Feeds the next events; where there are none, says so. */
  feedMore(): void {
    for (let item = this.items.next(); !item.done; item = this.items.next()) {
      if (item.value.kind === 'events') {
        this.hooks.onEvents?.(item.value.payload);
        this.simulator.feed(item.value.payload);
        return;
      }
      this.readAhead(item.value);
    }
    this.atEndOfFile();
  }

  /** Nothing follows what was fed. */
  get fed(): boolean {
    return this.finished;
  }

  /** The whole of what the reader must still check, so that damage at the end does not go unseen. */
  private drain(): void {
    for (const item of this.items) if (item.kind === 'events') throw this.malformed('there are events after the end');
  }

  /** The simulator keeps the last events it was fed back: a keyframe may be read before its mark is reached. */
  private readAhead(item: RelogItem): void {
    if (this.pending !== null || item.kind === 'events') throw this.malformed('a keyframe has no mark');
    if (item.kind === 'keyframe') this.pending = item.keyframe;
    else this.apply(item.pages, this.expected);
  }

  private meet(index: number): 'go on' | 'stop' {
    const keyframe = this.pending ?? this.nextKeyframe(null);
    this.pending = null;
    if (keyframe === null) return 'stop';
    if (
      keyframe.index !== index ||
      keyframe.index !== this.keyframes ||
      BigInt(keyframe.position) !== this.simulator.position
    ) {
      throw this.malformed(`keyframe ${keyframe.index} is not where its mark is`);
    }
    this.keyframes++;
    return this.hooks.onKeyframe?.(keyframe) ?? 'go on';
  }

  private after(bytes: Uint8Array): CpuState {
    try {
      return stateAfter(this.simulator.readState(), bytes);
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      throw this.malformed(`in an effect event, ${error.message}`);
    }
  }

  private stateOf(bytes: Uint8Array): CpuState {
    try {
      return readCpuState(bytes);
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      throw this.malformed(`in a state event, ${error.message}`);
    }
  }

  /** Reads up to the keyframe to start at, and makes RAM what it says. */
  private firstKeyframe(): Keyframe {
    const { from } = this.hooks;
    const wanted = from === undefined ? 0 : (findKeyframe(this.reader, from)?.number ?? 0);
    for (let index = 0; ; index++) {
      const keyframe = this.nextKeyframe(this.simulator);
      if (keyframe === null) throw this.malformed('it was cut off before its first keyframe');
      const placed = index > 0 ? keyframe.position >= this.header.start : keyframe.position === this.header.start;
      if (keyframe.index !== index || !placed) throw this.malformed(`keyframe ${index} is wrong`);
      if (index === wanted) return keyframe;
    }
  }

  /**
   * Reads a keyframe into the RAM that is expected, and into `ram`.
   * @returns null when the file was cut off before the end of the keyframe
   */
  private nextKeyframe(ram: PageTarget | null): Keyframe | null {
    for (let item = this.items.next(); !item.done; item = this.items.next()) {
      if (item.value.kind === 'keyframe') return item.value.keyframe;
      if (item.value.kind === 'events') throw this.malformed('a keyframe is missing');
      this.apply(item.value.pages, ram);
      this.apply(item.value.pages, this.expected);
    }
    if (this.reader.cutOff) return null;
    throw this.malformed('a keyframe is missing');
  }

  private apply(pages: Pages, target: PageTarget | null): void {
    if (target === null) return;
    try {
      applyPages(pages, target);
    } catch (error) {
      throw error instanceof ShapeError ? this.malformed(error.message) : error;
    }
  }

  private atEndOfFile(): void {
    if (!this.reader.cutOff) throw this.malformed('it has no end');
    this.simulator.finish();
    this.finished = true;
  }

  private async breathe(): Promise<void> {
    await breathe(this.hooks.signal);
    this.hooks.onBreath?.();
    this.tell({ instructions: Number(this.simulator.position) - this.start, bytes: this.reader.offset });
  }

  close(): void {
    this.reader.close();
    this.simulator.close();
    this.expected?.close();
  }

  private malformed(what: string): Error {
    return damaged(this.reader.path, what);
  }
}

/** @throws RangeError when the range is not within one region of RAM */
export function readRam(simulator: Simulator, address: number, length: number): Uint8Array {
  const bytes = simulator.readPhysical(address, length);
  if (bytes === null)
    throw new RangeError(`0x${address.toString(16)} to 0x${(address + length).toString(16)} is not RAM`);
  return bytes;
}
