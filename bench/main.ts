/**
 * `npm run bench`: what recording, relogging and simulating cost, each as a ratio to plain v86 with the same guest
 * and the same work, measured in turns. Prints a table, or with --json one object of medians.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import yargs from 'yargs';
import { formatTable } from '../analyses/text.js';
import { printNote, reportError } from '../cli/output.js';
import { CACHE } from '../cli/paths.js';
import { parseCount } from '../cli/units.js';
import { loadGuest } from '../guests/index.js';
import { measure, type Bench } from './measure.js';
import { evaluate, type Measured, type Result } from './results.js';
import type { Spread } from './statistics.js';
import { WORKLOADS } from './workloads.js';

const DEFAULT_PAIRS = 5;

/** Rounds after one that does not count: the first reads files and fills caches for all that follow. */
async function run(pairs: number, bench: Omit<Bench, 'onStep'>): Promise<Measured[]> {
  const measured: Measured[] = WORKLOADS.map((workload) => ({ workload, samples: [] }));
  for (let pair = 0; pair <= pairs; pair++) {
    for (const { workload, samples } of measured) {
      const round = pair === 0 ? 'warming up' : `${pair}/${pairs}`;
      const onStep = (step: string) => printNote(`bench: ${round} ${workload.name}: ${step}`);
      const sample = await measure(workload, { ...bench, onStep });
      if (pair > 0) samples.push(sample);
      if (pair === 0) break;
    }
  }
  return measured;
}

function format(results: Result[], measured: Measured[]): string {
  const cell = (value: Spread | null) => (value === null ? '-' : number(value.median));
  const rows = results.map(({ key, meaning, overall, workloads }) => [
    ...[key, number(overall.median), `${number(overall.lowest)} to ${number(overall.highest)}`],
    ...workloads.map(cell),
    meaning,
  ]);
  return formatTable(['', 'median', 'lowest to highest', ...measured.map(({ workload }) => workload.name), ''], rows);
}

function number(value: number): string {
  return value.toFixed(value < 10 ? 3 : 1);
}

const args = await yargs(process.argv.slice(2))
  .scriptName('npm run bench --')
  .option('pairs', { type: 'string', default: String(DEFAULT_PAIRS), describe: 'Rounds to take medians over' })
  .option('json', { type: 'boolean', default: false, describe: 'Print one JSON object of medians on stdout' })
  .option('guest', { type: 'string', default: 'debian-busybox', describe: 'Guest to run' })
  .strict()
  .parseAsync();
const folder = await mkdtemp(join(tmpdir(), 'decouple-bench-'));
try {
  const pairs = parseCount(args.pairs, 'pairs');
  const guest = await loadGuest(args.guest, { cacheDir: CACHE, onStep: printNote });
  const measured = await run(pairs, { guest, cacheDir: CACHE, folder });
  const results = evaluate(measured);
  const medians = Object.fromEntries(results.map(({ key, overall }) => [key, overall.median]));
  process.stdout.write(args.json ? `${JSON.stringify(medians)}\n` : format(results, measured));
} catch (error) {
  process.exitCode = reportError(error, { json: false, debug: true });
} finally {
  await rm(folder, { recursive: true, force: true });
}
