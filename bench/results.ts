/** From samples to the numbers that the benchmark is about. */
import type { Cell } from '../analyses/text.js';
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
  /** Null for a workload that does not count. */
  workloads: { name: string; own: Spread | null }[];
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
    const counted = measured.map(({ workload: { name, cpuBound }, samples }) => {
      return { name, values: cpuBound || !cpuBoundOnly ? samples.map(of) : [] };
    });
    return {
      key,
      meaning,
      overall: spread(counted.flatMap(({ values }) => values)),
      workloads: counted.map(({ name, values }) => ({ name, own: values.length === 0 ? null : spread(values) })),
    };
  });
}

/** Head and rows of a table: one row a quantity, medians by workload to the right. */
export function formatResults(results: readonly Result[]): [string[], Cell[][]] {
  const names = results[0]?.workloads.map(({ name }) => name) ?? [];
  const rows = results.map(({ key, meaning, overall, workloads }) => [
    ...[key, number(overall.median), `${number(overall.lowest)} to ${number(overall.highest)}`],
    ...workloads.map(({ own }) => (own === null ? '-' : number(own.median))),
    meaning,
  ]);
  return [['', 'median', 'lowest to highest', ...names, ''], rows];
}

function number(value: number): string {
  return value.toFixed(value < 10 ? 3 : 1);
}
