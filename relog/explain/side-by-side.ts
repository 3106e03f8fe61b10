/**
 * A recording and its relog run side by side: the machine, instrumented, and the simulator. They meet at every check of
 * the relog, which is wherever the machine stood between two slices.
 */
import { Observer, type Machine } from '../../engines/v86/index.js';
import { EVENT } from '../../formats/events.js';
import { EventWriter } from '../../formats/event-writer.js';
import type { DiskPaths } from '../disks/recorded-disks.js';
import type { StageOptions } from '../api.js';
import { instrumentedEngine } from '../engine-modules.js';
import { Replayer } from '../replayer.js';
import { Simulation, type SimulationHooks, type SimulationStop } from '../simulation.js';
import { throttled } from '../throttle.js';

export interface SideBySideOptions extends StageOptions {
  relog: string;
  recording: string;
  disks: DiskPaths;
  /** Instructions to be run, for showing progress. */
  total: number;
}

/** Where the two meet. */
export interface Meeting {
  /** Number of the check, from 1; null: the end of the recording. */
  check: number | null;
  /** Of the machine. */
  position: number;
  /** How the simulator got there: `limit` when it is there, and its registers agree. */
  stop: SimulationStop;
}

export class SideBySide {
  /** What the machine's devices did, as a relog would have it, but for keyframes. */
  readonly events = new EventWriter(0);
  /** Somebody else moves the simulator, and the machine's slices do not end where they did. */
  apart = false;
  /** Both stand at the start. */
  onStart: () => void = () => undefined;
  private lastCheck = -1;
  private done = false;

  private constructor(
    readonly replayer: Replayer,
    readonly observer: Observer,
    readonly simulation: Simulation,
    events: EventWriter,
    private readonly onMeeting: (meeting: Meeting) => void,
  ) {
    this.events = events;
  }

  get machine(): Machine {
    return this.replayer.machine;
  }

  /**
   * @param engine `stepping`: made for going instruction by instruction
   * @param onMeeting both stand at the same place; what it does is part of the machine's step, and must leave it alone
   * @throws DecoupleError what reading a recording or a relog throws; engine-differs, simulator-unavailable
   */
  static async open(
    options: SideBySideOptions,
    engine: { stepping: boolean },
    hooks: Partial<SimulationHooks>,
    onMeeting: (meeting: Meeting) => void,
  ): Promise<SideBySide> {
    const events = new EventWriter(0);
    const observer = new Observer((repairs) => instrumentedEngine(repairs, engine), events);
    const simulation = new Simulation(options.relog, { expectRam: false, ...hooks });
    const tell = throttled(options.onProgress, () => options.total);
    const holder: { pair: SideBySide | null } = { pair: null };
    try {
      const replayer = await Replayer.open(options.recording, {
        probe: observer,
        beforeStep: () => observer.flushDma(),
        onBreath: () => tell({ instructions: observer.position(), bytes: 0 }),
        stop: () => holder.pair!.done,
        disks: options.disks,
        signal: options.signal,
      });
      holder.pair = new SideBySide(replayer, observer, simulation, events, onMeeting);
    } catch (error) {
      simulation.close();
      throw error;
    }
    return holder.pair;
  }

  /** Runs both until `finish` is called, or to their end. @throws DecoupleError what replaying throws */
  async run(): Promise<void> {
    const { observer, simulation } = this;
    observer.reset();
    simulation.begin();
    observer.enabled = true;
    observer.onSlice = () => this.slice();
    this.onStart();
    await this.replayer.toEnd();
    if (this.done) return;
    observer.flushDma();
    this.events.end(observer.position(), observer.rep());
    if (!this.apart) simulation.simulator.stopAtCheck(null);
    const stop: SimulationStop = this.apart ? { reason: 'limit' } : simulation.advance();
    this.onMeeting({ check: null, position: observer.position(), stop });
  }

  /** No more meetings: the machine stops with the step under way. */
  finish(): void {
    this.done = true;
    this.observer.onSlice = () => undefined;
  }

  /** Checks that the machine has come to. */
  private checks(): number {
    return this.events.byKind.get(EVENT.check) ?? 0;
  }

  close(): void {
    this.replayer.close();
    this.simulation.close();
  }

  /** As the relogger does it (relogger.ts). */
  private slice(): void {
    const { observer, simulation } = this;
    const position = observer.position();
    if (position === this.lastCheck) return;
    this.lastCheck = position;
    if (this.apart) return this.onMeeting({ check: this.checks() + 1, position, stop: { reason: 'limit' } });
    this.events.check(position, observer.eip(), observer.flags(), observer.gpr(), observer.rep());
    // Others come from within the slice: where a string instruction may write over itself.
    const checks = this.checks();
    simulation.simulator.stopAtCheck(checks);
    this.onMeeting({ check: checks, position, stop: simulation.advance() });
  }
}
