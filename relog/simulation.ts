/** Feeds a relog to the simulator, epoch by epoch: what verify and analyze have in common. */
import { ExpectedRam, Simulator, type SimulatorDivergence } from '../engines/unicorn/index.js';
import { ContainerReader, damaged } from '../formats/container/index.js';
import {
  readCpuState,
  readRelog,
  readRelogHeader,
  type Keyframe,
  type RelogHeader,
  type RelogItem,
} from '../formats/relog.js';
import { ShapeError } from '../formats/shape.js';
import type { CpuState } from '../formats/state.js';
import type { StageOptions } from './api.js';
import { throttled } from './throttle.js';

/** How far the simulator runs before the process may breathe. */
const BREATH_INSTRUCTIONS = 20_000_000;

export interface SimulationHooks extends StageOptions {
  /** Also read the keyframes after the first, and keep RAM as they say it is. */
  expectRam: boolean;
  /** The simulator stands at the position of a keyframe after the first. */
  onKeyframe?: (keyframe: Keyframe) => 'go on' | 'stop';
  onBreath?: () => void;
  /** Before the run: what analyses need may be switched on. */
  onStart?: (simulator: Simulator) => void;
}

export interface SimulationEnd {
  header: RelogHeader;
  simulator: Simulator;
  /** Keyframes met, the first included. */
  keyframes: number;
  divergence: SimulatorDivergence | null;
  cutOff: boolean;
  expected: ExpectedRam | null;
}

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
  keyframes = 0;
  private pending: Keyframe | null = null;
  private readonly items: Generator<RelogItem>;
  private readonly tell: ReturnType<typeof throttled>;

  constructor(
    path: string,
    private readonly hooks: SimulationHooks,
  ) {
    this.reader = new ContainerReader(path, 'relog');
    try {
      this.header = readRelogHeader(this.reader);
      this.simulator = new Simulator({ ram: this.header.ram });
      this.expected = hooks.expectRam ? new ExpectedRam(this.header.ram) : null;
    } catch (error) {
      this.reader.close();
      throw error;
    }
    this.items = readRelog(this.reader);
    this.tell = throttled(hooks.onProgress);
  }

  /** @returns the divergence that ended the run, or null */
  async run(): Promise<SimulatorDivergence | null> {
    this.load(this.nextKeyframe((number, data) => this.simulator.writePages(number, data)));
    this.hooks.onStart?.(this.simulator);
    for (;;) {
      const item = this.items.next();
      if (item.done) this.atEndOfFile();
      else if (item.value.kind !== 'events') {
        this.readAhead(item.value);
        continue;
      } else this.simulator.feed(item.value.payload);
      const stop = await this.consume();
      if (item.done && stop === 'starved') return null;
      if (stop === 'end') return this.drained();
      if (stop !== 'starved') return stop.divergence;
    }
  }

  /** The whole of what the reader must still check, so that damage at the end does not go unseen. */
  private drained(): null {
    for (const item of this.items) if (item.kind === 'events') throw this.malformed('there are events after the end');
    return null;
  }

  private async consume(): Promise<'starved' | 'end' | { divergence: SimulatorDivergence | null }> {
    for (;;) {
      const stop = this.simulator.run(BREATH_INSTRUCTIONS);
      switch (stop.reason) {
        case 'starved':
        case 'end':
          return stop.reason;
        case 'diverged':
          return { divergence: stop.divergence };
        case 'keyframe':
          if (this.meet(stop.index) === 'stop') return { divergence: null };
          break;
        case 'state':
          this.simulator.loadState(this.stateOf(stop.state), this.simulator.position);
          break;
        case 'limit':
          await this.breathe();
      }
    }
  }

  /** The simulator keeps the last events it was fed back: a keyframe may be read before its mark is reached. */
  private readAhead(item: RelogItem): void {
    if (this.pending !== null || item.kind === 'events') throw this.malformed('a keyframe has no mark');
    if (item.kind === 'keyframe') this.pending = item.keyframe;
    else this.expected?.writePages(item.pages.numbers, item.pages.data);
  }

  private meet(index: number): 'go on' | 'stop' {
    const keyframe = this.pending ?? this.nextKeyframe((numbers, data) => this.expected?.writePages(numbers, data));
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

  private stateOf(bytes: Uint8Array): CpuState {
    try {
      return readCpuState(bytes);
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      throw this.malformed(`in a state event, ${error.message}`);
    }
  }

  private load(keyframe: Keyframe | null): void {
    if (keyframe === null) throw this.malformed('it was cut off before its first keyframe');
    if (keyframe.index !== 0 || keyframe.position !== this.header.start)
      throw this.malformed('its first keyframe is wrong');
    this.keyframes = 1;
    this.simulator.loadState(keyframe.state, BigInt(keyframe.position));
  }

  /** Null when the file was cut off before the end of the keyframe. */
  private nextKeyframe(write: (numbers: Uint32Array, data: Uint8Array) => void): Keyframe | null {
    for (let item = this.items.next(); !item.done; item = this.items.next()) {
      if (item.value.kind === 'keyframe') return item.value.keyframe;
      if (item.value.kind === 'events') throw this.malformed('a keyframe is missing');
      const { numbers, data } = item.value.pages;
      write(numbers, data);
      if (this.keyframes === 0) this.expected?.writePages(numbers, data);
    }
    if (this.reader.cutOff) return null;
    throw this.malformed('a keyframe is missing');
  }

  private atEndOfFile(): void {
    if (!this.reader.cutOff) throw this.malformed('it has no end');
    this.simulator.finish();
  }

  private async breathe(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.hooks.signal?.throwIfAborted();
    this.hooks.onBreath?.();
    this.tell({ instructions: Number(this.simulator.position), total: null, bytes: this.reader.offset });
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
