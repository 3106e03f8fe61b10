/**
 * Does memory grow with the length of a recording? Relogs and verifies a short one and one ten times as long of the
 * same work, each in a process of its own, and compares the most memory they ever held.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Cell } from '../analyses/text.js';
import { PROJECT } from '../cli/paths.js';
import { formatBytes, formatCount } from '../cli/units.js';
import { DecoupleError } from '../formats/errors.js';
import { loadGuest } from '../guests/index.js';
import { record } from '../relog/record.js';

const GUEST = 'debian-busybox';
/** Computing, pipes, files and processes, over and over; the limit ends it. */
const COMMAND =
  'while true; do numbers; seq 1 3000 | sort -r | gzip -9 | gunzip | md5sum; ' +
  'for i in 1 2 3 4 5 6 7 8; do /bin/busybox true; done; done\n';
const SHORT = 300_000_000;
const LONG = 3_000_000_000;
const SAMPLE_MS = 50;

export interface MemoryBench {
  cacheDir: string;
  folder: string;
  onStep: (step: string) => void;
}

/** Most bytes that each stage held, of a recording of so many instructions. */
export interface Peaks {
  instructions: number;
  relog: number;
  verify: number;
}

export async function measureMemory(bench: MemoryBench): Promise<{ short: Peaks; long: Peaks }> {
  return { short: await measureLength(SHORT, bench), long: await measureLength(LONG, bench) };
}

/** Of the long recording's to the short one's. */
export function ratiosOf({ short, long }: { short: Peaks; long: Peaks }): Record<string, number> {
  return { relog_memory_ratio: long.relog / short.relog, verify_memory_ratio: long.verify / short.verify };
}

/** Head and rows of a table. */
export function formatMemory(peaks: { short: Peaks; long: Peaks }): [string[], Cell[][]] {
  const { short, long } = peaks;
  const ratios = ratiosOf(peaks);
  const row = (stage: 'relog' | 'verify') => [
    ...[stage, formatBytes(short[stage]), formatBytes(long[stage])],
    ratios[`${stage}_memory_ratio`]!.toFixed(3),
  ];
  const head = [
    'peak',
    ...[short, long].map(({ instructions }) => `${formatCount(instructions)} instructions`),
    'ratio',
  ];
  return [head, [row('relog'), row('verify')]];
}

async function measureLength(limit: number, { cacheDir, folder, onStep }: MemoryBench): Promise<Peaks> {
  const guest = await loadGuest(GUEST, { cacheDir, onStep });
  const recording = join(folder, 'memory.dcr');
  const relogged = join(folder, 'memory.relog');
  try {
    onStep(`recording ${formatCount(limit)} instructions`);
    const { instructions } = await record({
      ...{ guest, cacheDir, output: recording, start: 'ready', level: 'inputs', seed: 0, network: null, force: true },
      ...{ until: null, untilScreen: null, share: null, input: null },
      session: [
        { kind: 'send', channel: 'serial0', bytes: Buffer.from(COMMAND) },
        { kind: 'wait', seconds: 3600 },
      ],
      limit: { instructions: limit },
    });
    onStep('relog');
    const relog = await peakOf(['relog', recording, '-o', relogged]);
    onStep('verify');
    const verify = await peakOf(['verify', relogged]);
    return { instructions, relog, verify };
  } finally {
    await Promise.all([recording, relogged].map((path) => rm(path, { force: true })));
  }
}

/** Most bytes of RAM that the process of a command, or a child of it, ever held. */
async function peakOf(args: string[]): Promise<number> {
  const running = execa('node', [`${PROJECT}bin/decouple.mjs`, ...args], { reject: false, stdin: 'ignore' });
  let peak = 0;
  const look = () => {
    for (const pid of running.pid === undefined ? [] : familyOf(running.pid)) peak = Math.max(peak, mostHeldBy(pid));
  };
  const timer = setInterval(look, SAMPLE_MS);
  const { exitCode, stdout, stderr } = await running;
  clearInterval(timer);
  if (exitCode !== 0) {
    const advice = 'Report it: benchmarks run what is known to work.';
    throw new DecoupleError('engine-died', `decouple ${args[0]} failed:\n${stderr}${stdout}`, advice);
  }
  return peak;
}

/** A process, its children and theirs (proc(5): children). */
function familyOf(pid: number): number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const children = threads.flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
    return [pid, ...children.flatMap(familyOf)];
  } catch {
    return []; // It has ended meanwhile.
  }
}

/** Bytes; proc(5): VmHWM. */
function mostHeldBy(pid: number): number {
  try {
    const found = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Number(found?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
