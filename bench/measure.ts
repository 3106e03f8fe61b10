/**
 * One round of the benchmark: each workload plain, recorded, relogged, simulated, and simulated with coverage, right
 * after one another, so that what else the computer does weighs on all of them alike.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createAnalysis } from '../analyses/index.js';
import type { GuestImage } from '../guests/image.js';
import { analyze } from '../relog/analyze.js';
import { runPlain } from '../relog/plain.js';
import { record } from '../relog/record.js';
import { relog } from '../relog/relog.js';
import { sessionOf, type Workload } from './workloads.js';

export interface Bench {
  guest: GuestImage;
  cacheDir: string;
  /** For recordings and relogs, removed after each round. */
  folder: string;
  onStep: (step: string) => void;
}

/** Seconds and sizes of one workload in one round. */
export interface Sample {
  plainSeconds: number;
  recordSeconds: number;
  relogSeconds: number;
  simulateSeconds: number;
  coverageSeconds: number;
  logBytes: number;
  instructions: number;
}

const KEYFRAME_EVERY = 50_000_000;

export async function measure(workload: Workload, bench: Bench): Promise<Sample> {
  const { guest, cacheDir, folder, onStep } = bench;
  const session = sessionOf(workload);
  const recording = join(folder, `${workload.name}.dcr`);
  const relogged = join(folder, `${workload.name}.relog`);
  try {
    onStep('plain');
    const plain = await runPlain({ guest, session, cacheDir });
    onStep('record');
    const recorded = await record({
      ...{ guest, session, cacheDir, output: recording, start: 'ready', seed: 0, force: true },
      ...{ until: null, limit: null, input: null },
    });
    onStep('relog');
    const made = await relog({ input: recording, output: relogged, force: true, keyframeEvery: KEYFRAME_EVERY });
    onStep('simulate');
    const bare = await simulate(relogged, join(folder, 'none'), []);
    onStep('coverage');
    const covered = await simulate(relogged, join(folder, 'coverage'), ['coverage']);
    return {
      plainSeconds: plain.seconds,
      recordSeconds: recorded.seconds,
      relogSeconds: made.seconds,
      simulateSeconds: bare,
      coverageSeconds: covered,
      logBytes: recorded.logBytes,
      instructions: recorded.instructions,
    };
  } finally {
    await Promise.all([recording, relogged].map((path) => rm(path, { force: true })));
  }
}

/** Seconds that the simulator takes; what the reports take is part of it. */
async function simulate(input: string, outputDir: string, names: 'coverage'[]): Promise<number> {
  const { seconds } = await analyze({
    ...{ input, outputDir, force: true, programs: [] },
    analyses: names.map(createAnalysis),
  });
  return seconds;
}
