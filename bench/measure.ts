/**
 * One round of the benchmark: each workload plain, recorded, relogged, simulated, and simulated with coverage, right
 * after one another, so that what else the computer does weighs on all of them alike.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createAnalysis } from '../analyses/index.js';
import { loadGuest } from '../guests/index.js';
import type { GuestImage } from '../guests/image.js';
import { analyze } from '../relog/analyze.js';
import { KEYFRAME_EVERY, type RecordResult } from '../relog/api.js';
import { runPlain } from '../relog/plain.js';
import { record } from '../relog/record.js';
import { relog } from '../relog/relog.js';
import type { Workload } from './workloads.js';

export interface Bench {
  cacheDir: string;
  /** For recordings and relogs, removed after each round. */
  folder: string;
  /** Plain v86 before the recording or after it: whatever helps who comes second helps both by turns. */
  plainFirst: boolean;
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

export async function measure(workload: Workload, bench: Bench): Promise<Sample> {
  const { cacheDir, folder, onStep } = bench;
  const guest = await loadGuest(workload.guest, { cacheDir, onStep });
  const recording = join(folder, `${workload.name}.dcr`);
  const relogged = join(folder, `${workload.name}.relog`);
  try {
    const { plainSeconds, recorded } = await pair(workload, guest, recording, bench);
    onStep('relog');
    const made = await relog({ input: recording, output: relogged, force: true, keyframeEvery: KEYFRAME_EVERY });
    onStep('simulate');
    const simulateSeconds = await simulate(relogged, join(folder, 'none'), [], guest);
    onStep('coverage');
    const coverageSeconds = await simulate(relogged, join(folder, 'coverage'), ['coverage'], guest);
    return {
      plainSeconds,
      recordSeconds: recorded.seconds,
      relogSeconds: made.seconds,
      simulateSeconds,
      coverageSeconds,
      logBytes: recorded.logBytes,
      instructions: recorded.instructions,
    };
  } finally {
    await Promise.all([recording, relogged].map((path) => rm(path, { force: true })));
  }
}

/** The same work in plain v86 and recorded; both are timed from the first step of the restored guest to the end. */
async function pair(
  { session }: Workload,
  guest: GuestImage,
  output: string,
  { cacheDir, plainFirst, onStep }: Bench,
): Promise<{ plainSeconds: number; recorded: RecordResult }> {
  const plain = async () => {
    onStep('plain');
    return (await runPlain({ guest, session, cacheDir })).seconds;
  };
  const before = plainFirst ? await plain() : null;
  onStep('record');
  const recorded = await record({
    ...{ guest, session, cacheDir, output, start: 'ready', level: 'inputs', seed: 0, network: null, force: true },
    ...{ until: null, untilScreen: null, share: null, limit: null, input: null },
  });
  return { plainSeconds: before ?? (await plain()), recorded };
}

/** Seconds of the whole stage; reading the relog and writing the reports are part of it. */
async function simulate(
  input: string,
  outputDir: string,
  names: 'coverage'[],
  { programs }: GuestImage,
): Promise<number> {
  const { seconds } = await analyze({ input, outputDir, force: true, programs, analyses: names.map(createAnalysis) });
  return seconds;
}
