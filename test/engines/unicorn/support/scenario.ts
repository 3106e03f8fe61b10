/** Runs a guest program against a relog written by hand. */
import type { ExecutionContext } from 'ava';
import type { RunStop, Simulator } from '../../../../engines/unicorn/index.js';
import { EventWriter } from '../../../../formats/event-writer.js';
import type { RamRegion } from '../../../../formats/state.js';
import { RAM, guest, type Guest, type GuestOptions } from './guest.js';

/** What the suite needs of a simulator. */
export type SimulatorUnderTest = Pick<
  Simulator,
  | 'close'
  | 'compareRam'
  | 'counts'
  | 'disagreements'
  | 'dropEvents'
  | 'enableBlocks'
  | 'feed'
  | 'finish'
  | 'forgiven'
  | 'loadState'
  | 'position'
  | 'readLinear'
  | 'readPhysical'
  | 'readState'
  | 'run'
  | 'setComparing'
  | 'takeBatch'
  | 'takeFlags'
  | 'translate'
  | 'writePages'
>;
export type MakeSimulator = (ram: readonly RamRegion[]) => SimulatorUnderTest;

const GPR = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'] as const;

export class Scenario {
  readonly simulator: SimulatorUnderTest;
  readonly guest: Guest;
  events = new EventWriter(0);

  constructor(make: MakeSimulator, source: string, options: GuestOptions = {}) {
    this.guest = guest(source, options);
    this.simulator = make(RAM);
    const { numbers, data } = this.guest.memory.content;
    this.simulator.writePages(numbers, data);
    this.simulator.loadState(this.guest.state, 0n);
  }

  /** Back to the start, with nothing fed. */
  restart(): void {
    this.events.take();
    this.simulator.dropEvents();
    const { numbers, data } = this.guest.memory.content;
    this.simulator.writePages(numbers, data);
    this.simulator.loadState(this.guest.state, 0n);
    this.events = new EventWriter(0);
  }

  at(label: string): number {
    return this.guest.program.at(label);
  }

  /** Feeds the events written so far, in one frame, and runs. */
  run(limit?: number): RunStop {
    this.simulator.feed(this.events.take());
    return this.simulator.run(limit);
  }

  /** Feeds and runs; the end event must be reached. */
  runToEnd(t: ExecutionContext): void {
    const stop = this.run();
    if (stop.reason === 'diverged') t.log(stop.divergence);
    t.is(stop.reason, 'end');
  }

  /** Feeds and runs; must diverge, and say so in these words. */
  runToDivergence(t: ExecutionContext, what: string): void {
    const stop = this.run();
    t.is(stop.reason, 'diverged');
    if (stop.reason === 'diverged') t.is(stop.divergence.what, what);
  }

  register(name: (typeof GPR)[number]): number {
    return this.simulator.readState().gpr[GPR.indexOf(name)]!;
  }

  /** A 32-bit word of physical memory. */
  word(address: number): number {
    const bytes = this.simulator.readPhysical(address, 4)!;
    return new DataView(bytes.buffer).getUint32(0, true);
  }
}
