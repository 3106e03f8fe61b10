/**
 * A divergence looked at without the recording: the relog alone says what the machine did at its events, checks and
 * keyframes, so the place can be narrowed to what lies between two of them.
 */
import { breathe } from '../breathe.js';
import { hex } from '../hex.js';
import type { StageOptions } from '../api.js';
import { Simulation, type SimulationStop } from '../simulation.js';
import { EMPTY, executedLine, registerRows, type Report } from './report.js';
import { Trace } from './trace.js';

export interface AloneOptions extends StageOptions {
  relog: string;
  /** What verify said. */
  until: number;
  ramFrom: number;
  what: string;
  /** Verifies once more: whether all agrees. */
  agreesNow: () => Promise<boolean>;
}

/** Between two breaths of the process. */
const CHECKS_AT_ONCE = 200;
const STEPS_AT_ONCE = 1000;
/** Instructions run one by one at the most. */
const MOST_STEPS = 2_000_000;

/** @throws DecoupleError what reading and simulating a relog throws */
export async function explainAlone(options: AloneOptions): Promise<Report> {
  const { until, ramFrom, what } = options;
  const repeated = what.includes('keyframe') ? null : await lastAgreement(options);
  if (repeated === null) {
    if (await options.agreesNow()) {
      const summary = `The difference did not come again: simulated once more, the relog is exact. The first time, ${what} differed at position ${until}.`;
      return { ...EMPTY, verdict: 'not-repeated', summary };
    }
    const between = { from: String(ramFrom), to: String(until) };
    const summary = `It repeats: ${what} differs at position ${until}, and all agreed at the keyframe at ${ramFrom}. The recording is needed to say more.`;
    return { ...EMPTY, verdict: 'interval', summary, between };
  }
  return lastInstructions(options, repeated);
}

interface Agreement {
  check: number;
  position: number;
}

/** @returns the last check that agrees before the simulator diverges; null when it does not */
async function lastAgreement({ relog, signal, until }: AloneOptions): Promise<Agreement | null> {
  const simulation = new Simulation(relog, { expectRam: false });
  try {
    simulation.begin();
    let last: Agreement = { check: 0, position: simulation.header.start };
    for (let check = 1; ; check++) {
      simulation.simulator.stopAtCheck(check);
      const stop = simulation.advance();
      if (stop.reason === 'diverged') return last;
      if (stop.reason !== 'limit' || last.position > until) return null;
      last = { check, position: Number(simulation.simulator.position) };
      if (check % CHECKS_AT_ONCE === 0) await breathe(signal);
    }
  } finally {
    simulation.close();
  }
}

/** Goes from the last check on by single instructions. */
async function lastInstructions({ relog, signal, until, what }: AloneOptions, last: Agreement): Promise<Report> {
  const simulation = new Simulation(relog, { expectRam: false });
  const { simulator } = simulation;
  const trace = new Trace();
  try {
    simulation.begin();
    for (let check = 1; check <= last.check; check++) {
      simulator.stopAtCheck(check);
      simulation.advance();
      if (check % CHECKS_AT_ONCE === 0) await breathe(signal);
    }
    simulator.stopAtCheck(null);
    simulator.setStepping(true);
    let stop: SimulationStop = { reason: 'limit' };
    for (let steps = 0; stop.reason === 'limit' && steps < MOST_STEPS; steps++) {
      if (steps % STEPS_AT_ONCE === 0) await breathe(signal);
      stop = simulation.advance();
      const { position, linear } = simulator.readStep();
      if (position > until) break;
      if (stop.reason === 'limit') trace.add({ position, linear, ...simulator.codeAt(linear) });
    }
    const { before, after } = simulator.situation();
    const again =
      stop.reason === 'diverged'
        ? `It repeats: ${stop.divergence.what} (the relog: ${stop.divergence.expected}, the simulator: ${stop.divergence.got})`
        : `It repeats, but not when instructions run one by one (${what})`;
    const linear = hex(simulator.readStep().linear);
    return {
      ...EMPTY,
      verdict: 'interval',
      summary: `${again}; registers agreed at position ${last.position}. What is wrong may come from before that, by way of memory: the recording is needed to say more.`,
      between: { from: String(last.position), to: String(until) },
      instruction: { position: String(simulator.position), address: linear, symbol: null, text: null, count: 1 },
      registers: registerRows(null, null, simulator.readState(), []),
      executed: trace.list().map(executedLine),
      events: [...before, ...after.map((line) => `next: ${line}`)],
    };
  } finally {
    simulation.close();
  }
}
