/** From samples to the numbers that the benchmark is about. */
import type { Sample } from './measure.js';
import { spread, type Spread } from './statistics.js';
import type { Workload } from './workloads.js';

/** The samples of one workload, one a round. */
export interface Measured {
  workload: Workload;
  samples: Sample[];
}

export interface Result {
  key: string;
  meaning: string;
  /** All workloads that count for it. */
  overall: Spread;
  /** By workload; null for one that does not count. */
  workloads: (Spread | null)[];
}

interface Quantity {
  key: string;
  meaning: string;
  of: (sample: Sample) => number;
  cpuBoundOnly?: boolean;
}

const QUANTITIES: readonly Quantity[] = [
  {
    key: 'record_over_plain',
    meaning: 'time of recording, over plain v86',
    of: ({ recordSeconds, plainSeconds }) => recordSeconds / plainSeconds,
  },
  {
    key: 'log_bytes_per_mi',
    meaning: 'bytes of input log a million instructions',
    of: ({ logBytes, instructions }) => logBytes / (instructions / 1e6),
    cpuBoundOnly: true,
  },
  {
    key: 'relog_over_plain',
    meaning: 'time of relogging, over plain v86',
    of: ({ relogSeconds, plainSeconds }) => relogSeconds / plainSeconds,
  },
  {
    key: 'simulate_speedup',
    meaning: 'speed of the simulator, over plain v86',
    of: ({ plainSeconds, simulateSeconds }) => plainSeconds / simulateSeconds,
  },
  {
    key: 'coverage_over_none',
    meaning: 'time of simulating with coverage, over without',
    of: ({ coverageSeconds, simulateSeconds }) => coverageSeconds / simulateSeconds,
  },
];

/** Medians over the rounds, each of a ratio within one round. */
export function evaluate(measured: readonly Measured[]): Result[] {
  return QUANTITIES.map(({ key, meaning, of, cpuBoundOnly = false }) => {
    const values = measured.map(({ workload, samples }) => (cpuBoundOnly && !workload.cpuBound ? [] : samples.map(of)));
    return {
      key,
      meaning,
      overall: spread(values.flat()),
      workloads: values.map((own) => (own.length === 0 ? null : spread(own))),
    };
  });
}
