/**
 * `npm run bench`: what recording, relogging and simulating cost, each as a ratio to plain v86 with the same guest
 * and the same work, measured in turns; with --levels, what direct recording costs; with --memory, whether memory
 * grows with the length of a recording; with --dump, how fast a long relog is looked through. Prints a table, or with --json
 * one object.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import yargs from 'yargs';
import { formatTable } from '../analyses/text.js';
import { printNote, reportError } from '../cli/output.js';
import { CACHE } from '../cli/paths.js';
import { parseCount } from '../cli/units.js';
import { formatDump, measureDump } from './dump.js';
import { formatLevels, measureLevels } from './levels.js';
import { measure } from './measure.js';
import { formatMemory, measureMemory, ratiosOf } from './memory.js';
import { evaluate, formatResults, type Measured } from './results.js';
import { loadWorkloads } from './workloads.js';

const DEFAULT_PAIRS = 5;
/** Load of the computer before the benchmark begins, above which what it measures says little. */
const BUSY = 0.5;

/** Rounds after one that does not count: the first reads files and fills caches for all that follow. */
async function measureTime(pairs: number, folder: string): Promise<Measured[]> {
  const measured = (await loadWorkloads()).map((workload): Measured => ({ workload, samples: [] }));
  for (let pair = 0; pair <= pairs; pair++) {
    for (const { workload, samples } of measured) {
      const round = pair === 0 ? 'warming up' : `${pair}/${pairs}`;
      const onStep = (step: string) => printNote(`bench: ${round} ${workload.name}: ${step}`);
      const sample = await measure(workload, { cacheDir: CACHE, folder, plainFirst: pair % 2 === 1, onStep });
      if (pair > 0) samples.push(sample);
      if (pair === 0) break;
    }
  }
  return measured;
}

const args = await yargs(process.argv.slice(2))
  .scriptName('npm run bench --')
  .option('pairs', { type: 'string', default: String(DEFAULT_PAIRS), describe: 'Rounds to take medians over' })
  .option('memory', { type: 'boolean', default: false, describe: 'Measure memory instead of time' })
  .option('levels', { type: 'boolean', default: false, describe: 'Compare recording inputs with direct recording' })
  .option('dump', { type: 'boolean', default: false, describe: 'Measure how fast a long relog is looked through' })
  .option('bytes', { type: 'string', default: '1G', describe: 'With --dump: how long it is' })
  .option('json', { type: 'boolean', default: false, describe: 'Print one JSON object on stdout: medians, or ratios' })
  .strict()
  .parseAsync();
const folder = await mkdtemp(join(tmpdir(), 'decouple-bench-'));
try {
  const pairs = parseCount(args.pairs, 'pairs');
  const [load = 0] = loadavg();
  if (load > BUSY) printNote(`bench: the computer is busy (load ${load.toFixed(1)}): expect figures that vary.`);
  const onStep = (step: string) => printNote(`bench: ${step}`);
  if (args.levels) {
    const levels = await measureLevels({ cacheDir: CACHE, folder, pairs, onStep });
    process.stdout.write(args.json ? `${JSON.stringify(levels)}\n` : formatTable(...formatLevels(levels)));
  } else if (args.dump) {
    const bytes = parseCount(args.bytes, 'bytes');
    const speeds = await measureDump({ cacheDir: CACHE, folder, bytes, onStep });
    process.stdout.write(args.json ? `${JSON.stringify(speeds)}\n` : formatTable(...formatDump(speeds)));
  } else if (args.memory) {
    const peaks = await measureMemory({ cacheDir: CACHE, folder, onStep });
    process.stdout.write(args.json ? `${JSON.stringify(ratiosOf(peaks))}\n` : formatTable(...formatMemory(peaks)));
  } else {
    const results = evaluate(await measureTime(pairs, folder));
    const medians = Object.fromEntries(results.map(({ key, overall }) => [key, overall.median]));
    process.stdout.write(args.json ? `${JSON.stringify(medians)}\n` : formatTable(...formatResults(results)));
  }
} catch (error) {
  process.exitCode = reportError(error, { json: false, debug: true });
} finally {
  await rm(folder, { recursive: true, force: true });
}
