/**
 * The first pass, or two: finds the stretch between two checks in which the simulator goes wrong. Registers are compared at every
 * check, RAM from the last keyframe on where all of it was equal: a wrong store may come long before it is noticed. All
 * of RAM at every check takes longer than running once more, so at first only some are compared.
 */
import type { RamComparison } from '../../engines/unicorn/index.js';
import type { SimulationStop } from '../simulation.js';
import { ramDifferences, stateDifferences, type StateDifferences } from './differences.js';
import { EventComparison, type EventMismatch } from './event-comparison.js';
import { SideBySide, type Meeting, type SideBySideOptions } from './side-by-side.js';

export interface NarrowOptions extends SideBySideOptions {
  /** RAM is known to be equal up to here. */
  ramFrom: number;
  /** Where verify found the difference. */
  until: number;
  /** Compare all of the x87 status word, too. */
  strict: boolean;
}

export interface Stretch {
  /** The last check where all agreed, 0 for the start; and the first where something did not, null for the end. */
  fromCheck: number;
  toCheck: number | null;
  from: number;
  to: number;
  /** What differs at its end; nothing of it when the simulator did not get there. */
  registers: StateDifferences[];
  ram: RamComparison;
  stop: SimulationStop;
  /** The relog is not what the machine does. */
  mismatch: EventMismatch | null;
  /** The machine's general registers at its end. */
  gpr: number[];
  /** Where RAM was equal last; before `from` when it was not compared at every check. */
  ramAgreed: number;
}

interface Last {
  check: number;
  position: number;
  /** Where RAM was equal, and how many checks ago. */
  ramAgreed: number;
  ramAge: number;
}

/** With fewer instructions to look at, RAM is compared at every check at once. */
const FEW_INSTRUCTIONS = 8_000_000;
const CHECKS_PER_COMPARISON = 12;

/** @returns null when nothing differs up to where verify found a difference */
export async function narrow(options: NarrowOptions): Promise<Stretch | null> {
  const few = options.until - options.ramFrom < FEW_INSTRUCTIONS;
  const found = await pass(options, few ? 1 : CHECKS_PER_COMPARISON);
  if (found === null || found.mismatch !== null || found.ramAgreed >= found.from) return found;
  return pass({ ...options, ramFrom: found.ramAgreed, until: found.to }, 1);
}

/** @param ramEvery compare RAM at every so many checks */
async function pass(options: NarrowOptions, ramEvery: number): Promise<Stretch | null> {
  const comparison = new EventComparison();
  let last: Last = { check: 0, position: 0, ramAgreed: options.ramFrom, ramAge: 0 };
  let found: Stretch | null = null;
  const pair: SideBySide = await SideBySide.open(
    options,
    { stepping: false },
    { onEvents: (payload) => comparison.addRelog(payload) },
    (meeting) => {
      const { check, position } = meeting;
      const ramAge = position > options.ramFrom ? last.ramAge + 1 : 0;
      const ramNow = ramAge >= ramEvery || (position > options.ramFrom && position >= options.until);
      found = meet(pair, comparison, meeting, last, ramNow, options.strict);
      if (found !== null || position > options.until) pair.finish();
      else if (ramNow) last = { check: check ?? 0, position, ramAgreed: position, ramAge: 0 };
      else last = { ...last, check: check ?? 0, position, ramAge };
    },
  );
  try {
    await pair.run();
    return found;
  } finally {
    pair.close();
  }
}

function meet(
  pair: SideBySide,
  comparison: EventComparison,
  { check, position, stop }: Meeting,
  last: Last,
  ramNow: boolean,
  strict: boolean,
): Stretch | null {
  const { machine, observer, simulation } = pair;
  const { simulator } = simulation;
  comparison.addMachine(pair.events.take());
  while (comparison.wantsRelog && !simulation.fed) simulation.feedMore();
  const mismatch = comparison.compare(check === null);
  // A relog that was cut off ends before its recording.
  if (stop.reason === 'end' && check !== null) return null;
  const there = stop.reason !== 'diverged';
  const registers = there ? stateDifferences(machine.cpuState(), simulator.readState(), strict, simulation.header) : [];
  const found = !there || mismatch !== null || registers.length > 0;
  const ram = there && (ramNow || found) ? ramDifferences(machine, simulator) : { differingWords: 0, differences: [] };
  if (!found && ram.differingWords === 0) return null;
  return {
    fromCheck: last.check,
    toCheck: check,
    from: last.position,
    to: position,
    registers,
    ram,
    stop,
    mismatch,
    gpr: [...observer.gpr()],
    ramAgreed: last.ramAgreed,
  };
}
