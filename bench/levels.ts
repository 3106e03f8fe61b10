/**
 * What the two levels of recording cost, on workloads of different kinds: inputs only and a relog afterwards (Chow et
 * al.), or what devices do, written down while the guest runs (Batuzov et al.). All of a round right after one another.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cell } from '../analyses/text.js';
import { loadWorkload } from '../corpus/index.js';
import { loadGuest } from '../guests/index.js';
import { KEYFRAME_EVERY, type RecordOptions, type RecordResult, type SessionStep } from '../relog/api.js';
import { runPlain } from '../relog/plain.js';
import { record } from '../relog/record.js';
import { relog } from '../relog/relog.js';
import { parseSession } from '../relog/session.js';
import { median } from './statistics.js';

const NAMES = ['md5sum', 'numbers', 'fork-storm', 'disk', 'network'] as const;
const DOWNLOAD = Buffer.alloc(20 << 20, 'decouple ');

export interface LevelsBench {
  cacheDir: string;
  /** For recordings and relogs, removed after each round. */
  folder: string;
  pairs: number;
  onStep: (step: string) => void;
}

interface Task {
  name: string;
  guest: string;
  session: SessionStep[];
  network: RecordOptions['network'];
}

/** Times as ratios to plain v86; bytes a million instructions, of events and inputs alone. */
interface Sample {
  inputs: number;
  direct: number;
  relog: number;
  inputBytes: number;
  directBytes: number;
}

export interface Levels {
  name: string;
  samples: Sample[];
}

export async function measureLevels(bench: LevelsBench): Promise<Levels[]> {
  const server = createServer((_request, response) => response.end(DOWNLOAD));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const tasks = await Promise.all(NAMES.map((name) => taskOf(name, (server.address() as AddressInfo).port)));
    const levels = tasks.map(({ name }): Levels => ({ name, samples: [] }));
    for (let round = 0; round < bench.pairs; round++) {
      for (const [i, task] of tasks.entries()) {
        bench.onStep(`${round + 1}/${bench.pairs} ${task.name}`);
        levels[i]!.samples.push(await measure(task, round % 2 === 0, bench));
      }
    }
    return levels;
  } finally {
    server.close();
  }
}

/** Head and rows of a table of medians. */
export function formatLevels(levels: readonly Levels[]): [string[], Cell[][]] {
  const head = ['', 'inputs', 'relog after', 'direct', 'inputs, B/MI', 'direct, B/MI'];
  const rows = levels.map(({ name, samples }) => {
    const of = (pick: (sample: Sample) => number): number => median(samples.map(pick));
    return [
      name,
      of((s) => s.inputs).toFixed(3),
      of((s) => s.relog).toFixed(2),
      of((s) => s.direct).toFixed(2),
      of((s) => s.inputBytes).toFixed(1),
      of((s) => s.directBytes).toFixed(0),
    ];
  });
  return [head, rows];
}

async function taskOf(name: (typeof NAMES)[number], port: number): Promise<Task> {
  if (name !== 'network') return { ...(await loadWorkload(name)), network: null };
  const session = [
    String.raw`- send: "udhcpc -q -n -i eth0 >/dev/null 2>&1 && echo lea''sed\n"`,
    '- { expect: "^leased", timeout: 60s }',
    String.raw`- send: "for i in 1 2 3; do wget -q -O /tmp/file http://10.0.2.2:${port}/; md5sum </tmp/file; done; echo o''ver\n"`,
    '- { expect: "^over", timeout: 120s }',
  ].join('\n');
  const network = { forwards: [], access: { ports: { tcp: new Set([port]), udp: new Set<number>() }, names: false } };
  return { name, guest: 'debian-net', session: parseSession(session), network };
}

async function measure({ name, guest: guestName, session, network }: Task, plainFirst: boolean, bench: LevelsBench) {
  const { cacheDir, folder } = bench;
  const guest = await loadGuest(guestName, { cacheDir });
  const recording = join(folder, `${name}.dcr`);
  const relogged = join(folder, `${name}.relog`);
  const recordAt = (level: RecordOptions['level'], output: string): Promise<RecordResult> =>
    record({
      ...{ guest, session, network, cacheDir, output, level, start: 'ready', seed: 0, force: true },
      ...{ until: null, untilScreen: null, share: null, limit: null, input: null },
    });
  const plain = async (): Promise<number> => (await runPlain({ guest, session, network, cacheDir })).seconds;
  try {
    const before = plainFirst ? await plain() : null;
    const inputs = await recordAt('inputs', recording);
    const seconds = before ?? (await plain());
    const direct = await recordAt('device', relogged);
    const after = await relog({ input: recording, output: relogged, force: true, keyframeEvery: KEYFRAME_EVERY });
    return {
      inputs: inputs.seconds / seconds,
      direct: direct.seconds / seconds,
      relog: after.seconds / seconds,
      inputBytes: inputs.logBytes / (inputs.instructions / 1e6),
      directBytes: direct.logBytes / (direct.instructions / 1e6),
    };
  } finally {
    await Promise.all([recording, relogged].map((path) => rm(path, { force: true })));
  }
}
