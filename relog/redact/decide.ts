/**
 * Decides which payloads are replaced: all but those that the guest's path depends on. Two simulators run the relog side
 * by side, one as it is, one with fillers. Where the second goes another way than the first, it is taken back to the
 * keyframe before, and goes on with some of the last payloads as they were.
 */
import { applyPages } from '../../formats/pages.js';
import { readRelogHeader, type RelogHeader } from '../../formats/relog.js';
import { ContainerReader } from '../../formats/container/index.js';
import { DecoupleError } from '../../formats/errors.js';
import { ExpectedRam, Simulator } from '../../engines/unicorn/index.js';
import type { CpuState } from '../../formats/state.js';
import type { StageOptions } from '../api.js';
import { lastPosition } from '../run-length.js';
import { throttled } from '../throttle.js';
import { findCulprits, type Culprits, type PathDifference } from './culprits.js';
import { readEpochs, type Epoch } from './epochs.js';
import { fillEvents } from './filled-events.js';
import { pathDigest } from './path-digest.js';
import type { Payload } from './payload.js';
import { runEpoch, type EpochEnd } from './run-epoch.js';

export interface Decision {
  /** Payloads that stay, and where the path first differs without them. */
  kept: Map<Payload, number>;
  /** How often the run with fillers was taken back. */
  retries: number;
}

/** When each try begins at the first keyframe. */
const FROM_START = { growth: 4, narrowing: 12 };

export class Decider {
  private readonly kept = new Map<Payload, number>();
  private retries = 0;
  private readonly original: Simulator;
  private filled: Simulator;
  /** RAM and CPU of the run with fillers at the last keyframe. */
  private readonly saved: ExpectedRam;
  private savedState: CpuState | null = null;
  /** Of the run as it is, by epoch: digests of what ran. */
  private readonly paths: string[][] = [];
  private readonly tell: ReturnType<typeof throttled>;

  /**
   * @param header the relog's
   * @param payloads by arrival
   * @param firstKeyframe number of one before all of them: all begins there
   */
  constructor(
    private readonly input: string,
    private readonly header: RelogHeader,
    private readonly payloads: readonly Payload[],
    private readonly firstKeyframe: number,
    private readonly options: StageOptions,
  ) {
    this.original = new Simulator({ ram: header.ram });
    this.original.follow(header);
    this.filled = this.newFilled();
    this.saved = new ExpectedRam(header.ram);
    this.original.enableBlocks();
    this.tell = throttled(options.onProgress, () => lastPosition(input));
  }

  close(): void {
    this.original.close();
    this.filled.close();
    this.saved.close();
  }

  /** @throws DecoupleError diverged when the relog is not exact as it is; what reading a relog throws */
  async decide(): Promise<Decision> {
    await this.fromStart([this.original, this.filled], async (epoch) => {
      this.paths[epoch.keyframe.index] = await this.pathOf(epoch);
      await this.settle(epoch);
      return true;
    });
    return { kept: this.kept, retries: this.retries };
  }

  /**
   * Puts simulators at the first keyframe.
   * @param visit each epoch, until it says false; the simulators must be at its end by then
   */
  private async fromStart(simulators: Simulator[], visit: (epoch: Epoch) => Promise<boolean>): Promise<void> {
    const reader = new ContainerReader(this.input, 'relog');
    try {
      readRelogHeader(reader);
      const { firstKeyframe } = this;
      const epochs = readEpochs(reader, firstKeyframe, {
        onPages: (pages) => simulators.forEach((simulator) => applyPages(pages, simulator)),
        onKeyframe: ({ index, state, position }) => {
          if (index === firstKeyframe) simulators.forEach((simulator) => simulator.loadState(state, BigInt(position)));
        },
      });
      for (const epoch of epochs) {
        if (epoch.keyframe.index < firstKeyframe) continue;
        if (!(await visit(epoch))) return;
      }
    } finally {
      reader.close();
    }
  }

  /** What runs in an epoch as it is. */
  private async pathOf(epoch: Epoch): Promise<string[]> {
    const path: string[] = [];
    const frames = epoch.frames.map(({ payload }) => payload);
    const end = await this.run(epoch, this.original, frames, () => {
      path.push(pathDigest(this.original.takeBatch()));
      return true;
    });
    if (end.reason !== 'diverged') return path;
    const { position, what } = end.divergence;
    throw new DecoupleError(
      'diverged',
      `The simulation of ${this.input} left the record at position ${position}, with nothing replaced: ${what}.`,
      'Run `decouple verify` on it for the details; nothing was written.',
    );
  }

  /** Finds what is to be kept in an epoch, and leaves the run with fillers at its end. */
  private async settle(epoch: Epoch): Promise<void> {
    this.save();
    const keptHere: Payload[] = [];
    let difference = await this.attempt(epoch, new Set());
    while (difference !== null) {
      const found: Culprits = await this.search(epoch, difference);
      const later = keptHere.filter((payload) => found.culprits.every((culprit) => payload.first > culprit.first));
      for (const payload of found.culprits) this.kept.set(payload, difference.position);
      keptHere.push(...found.culprits.filter(({ first }) => first >= epoch.firstEvent));
      difference = await this.without(epoch, later, found.difference);
    }
  }

  /** @throws DecoupleError diverged when nothing is to blame */
  private async search(epoch: Epoch, difference: PathDifference): Promise<Culprits> {
    const all = this.lastBefore(difference);
    // What came before the last keyframe, or in part, is in the state that was saved there.
    const here = all.filter(({ first }) => first >= epoch.firstEvent);
    const found =
      (await findCulprits(difference, here, (kept) => this.retry(epoch, kept))) ??
      (await findCulprits(
        difference,
        [...here, ...all.filter(({ first }) => first < epoch.firstEvent)],
        (kept) => this.retryFromStart(epoch, kept),
        { ...FROM_START, known: here.length },
      ));
    if (found !== null) return found;
    throw new DecoupleError(
      'diverged',
      `The simulation of ${this.input} goes another way before position ${difference.position}, with nothing replaced.`,
      'Run `decouple verify` on it; nothing was written.',
    );
  }

  /**
   * What was kept before something that arrived earlier was found to be to blame may have put the difference off alone.
   * @returns what differs next
   */
  private async without(
    epoch: Epoch,
    suspects: readonly Payload[],
    difference: PathDifference | null,
  ): Promise<PathDifference | null> {
    const kept = suspects
      .filter((payload) => this.kept.has(payload))
      .map((payload) => [payload, this.kept.get(payload)!] as const);
    if (kept.length === 0) return difference;
    for (const [payload] of kept) this.kept.delete(payload);
    const left = await this.retry(epoch, []);
    if (left === null || (difference !== null && left.events >= difference.events)) return left;
    for (const [payload, position] of kept) this.kept.set(payload, position);
    return this.retry(epoch, []);
  }

  private save(): void {
    this.savedState = this.filled.readState();
    this.filled.saveRam(this.saved);
  }

  private retry(epoch: Epoch, kept: readonly Payload[]): Promise<PathDifference | null> {
    this.retries++;
    this.filled.dropEvents();
    this.filled.loadRam(this.saved);
    this.filled.loadState(this.savedState!, BigInt(epoch.keyframe.position));
    this.filled.takeBatch();
    return this.attempt(epoch, new Set(kept));
  }

  /** Runs with fillers from the first keyframe to the end of an epoch; what is saved becomes the state where that one begins. */
  private async retryFromStart({ keyframe }: Epoch, kept: readonly Payload[]): Promise<PathDifference | null> {
    this.retries++;
    this.filled.close();
    this.filled = this.newFilled();
    const also = new Set(kept);
    let difference: PathDifference | null = null;
    await this.fromStart([this.filled], async (epoch) => {
      const last = epoch.keyframe.index === keyframe.index;
      if (last) this.save();
      difference = await this.attempt(epoch, also);
      return difference === null && !last;
    });
    return difference;
  }

  private newFilled(): Simulator {
    const simulator = new Simulator({ ram: this.header.ram });
    simulator.follow(this.header);
    simulator.enableBlocks();
    simulator.setOwnValues(true);
    return simulator;
  }

  /** Runs an epoch with fillers. @returns null when it goes the same way */
  private async attempt(epoch: Epoch, kept: ReadonlySet<Payload>): Promise<PathDifference | null> {
    const end = epoch.firstEvent + epoch.events;
    const replaced = this.payloads.filter(
      (payload) =>
        payload.first < end && payload.last >= epoch.firstEvent && !this.kept.has(payload) && !kept.has(payload),
    );
    function* frames(): Generator<Uint8Array> {
      for (const { payload, first } of epoch.frames) yield fillEvents(payload, first, replaced);
    }
    const { filled } = this;
    const before = filled.counts.events;
    const path = this.paths[epoch.keyframe.index]!;
    let chunk = 0;
    const stop = await this.run(epoch, filled, frames(), () => pathDigest(filled.takeBatch()) === path[chunk++]);
    filled.takeOwnValues();
    if (stop.reason === 'there') return null;
    return { position: Number(filled.position), events: epoch.firstEvent + filled.counts.events - before };
  }

  private run(
    epoch: Epoch,
    simulator: Simulator,
    frames: Iterable<Uint8Array>,
    onChunk: () => boolean,
  ): Promise<EpochEnd> {
    const { input: path, options } = this;
    return runEpoch({ path, epoch, simulator, signal: options.signal }, frames, () => {
      this.tell({ instructions: Number(simulator.position), bytes: 0 });
      return onChunk();
    });
  }

  /** Payloads that are replaced, and of which something had arrived before a difference: the last ones first. */
  private lastBefore({ events }: PathDifference): Payload[] {
    const arrived = ({ last }: Payload): number => Math.min(last, events);
    return this.payloads
      .filter((payload) => payload.first < events && !this.kept.has(payload))
      .sort((a, b) => arrived(b) - arrived(a) || b.first - a.first);
  }
}
