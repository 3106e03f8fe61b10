/**
 * `npm run fuzz`: mutated recordings and relogs through every command that reads files (docs/fuzzing.md). Ends with status 0
 * when nothing was found.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import yargs from 'yargs';
import { printNote, reportError } from '../../cli/output.js';
import { formatExact, formatSeconds, parseCount, parsePosition } from '../../cli/units.js';
import { numbers } from '../torture/arguments.js';
import { makeBases } from './bases.js';
import { INPUTS, makeCase } from './cases.js';
import type { Finding } from './case.js';
import { runPool } from './pool.js';

const TELL_MS = 5000;
/** Files of findings that are kept. */
const MOST_KEPT = 200;

interface Summary {
  seed: number;
  cases: number;
  commands: number;
  seconds: number;
  /** Runs of commands by the status they ended with. */
  statuses: Record<string, number>;
  /** The first case that had each. */
  examples: Record<string, number>;
  /** Bytes of memory of a process at the most. */
  peak: number;
  findings: (Finding & { case: number })[];
}

const args = await yargs(process.argv.slice(2))
  .scriptName('npm run fuzz --')
  .option('cases', { type: 'string', default: '2000', describe: 'How many files' })
  .option('seed', { type: 'number', default: 1, describe: 'Of the random numbers: the same seed, the same files' })
  .option('from', { type: 'string', default: '0', describe: 'Number of the first: goes on where another run ended' })
  .option('inputs', {
    choices: INPUTS,
    default: 'files' as const,
    describe: 'Recordings and relogs, or what people write: specs and sessions',
  })
  .option('case', { type: 'string', describe: 'Only the file with this number' })
  .option('processes', { type: 'number', default: 2, describe: 'Processes at a time' })
  .option('one-in', {
    type: 'number',
    default: 1,
    describe: 'Each file goes through one of so many commands, which its number chooses: more files in the same time',
  })
  .option('keep', { type: 'string', requiresArg: true, describe: 'Folder for files that something was found with' })
  .option('json', { type: 'boolean', default: false, describe: 'Print one JSON object on stdout' })
  .check(numbers('seed', 'processes', 'one-in'))
  .strict()
  .parseAsync();

/** In memory where there is a place for that: nothing of it has to last. */
const folder = mkdtempSync(join(tmpdir(), 'decouple-fuzz-'));
try {
  const summary = await fuzz();
  process.stdout.write(`${args.json ? JSON.stringify(summary) : format(summary)}\n`);
  process.exitCode = summary.findings.length === 0 ? 0 : 1;
} catch (error) {
  process.exitCode = reportError(error, { json: args.json, debug: true });
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function fuzz(): Promise<Summary> {
  const from = parsePosition(args.case ?? args.from, 'from');
  const to = args.case === undefined ? from + parseCount(args.cases, 'cases') : from + 1;
  const stop = new AbortController();
  // What was done until then is told; a second one ends it at once.
  process.once('SIGINT', () => stop.abort());
  mkdirSync(join(folder, 'bases'));
  const bases = await makeBases(join(folder, 'bases'));
  const began = performance.now();
  const { seed, inputs } = args;
  const processes = Math.max(1, args.processes);
  const summary: Summary = {
    seed,
    cases: 0,
    commands: 0,
    seconds: 0,
    statuses: {},
    examples: {},
    peak: 0,
    findings: [],
  };
  let told = began;
  await runPool({
    ...{ bases, folder, inputs, seed, processes, from, to, oneIn: args.oneIn, signal: stop.signal },
    onCase: ({ number, statuses, findings, peak }) => {
      summary.cases++;
      summary.peak = Math.max(summary.peak, peak);
      for (const [status, count] of Object.entries(statuses)) {
        summary.statuses[status] = (summary.statuses[status] ?? 0) + count;
        summary.commands += count;
        summary.examples[status] ??= number;
      }
      for (const finding of findings) {
        summary.findings.push({ ...finding, case: number });
        printNote(`fuzz: case ${number}: ${finding.what}: ${finding.command}\n${finding.detail}`);
      }
      if (findings.length > 0 && args.keep !== undefined && summary.findings.length < MOST_KEPT) {
        mkdirSync(args.keep, { recursive: true });
        writeFileSync(join(args.keep, `${seed}-${number}`), makeCase(bases, inputs, seed, number).bytes);
      }
      summary.seconds = (performance.now() - began) / 1000;
      if (performance.now() - told < TELL_MS) return;
      told = performance.now();
      const left = ((to - from - summary.cases) * summary.seconds) / summary.cases;
      const rate = (summary.cases / summary.seconds).toFixed(1);
      printNote(`fuzz: ${formatExact(summary.cases)} cases, ${rate}/s, ${formatSeconds(left)} left`);
    },
  });
  return summary;
}

function format({ seed, cases, commands, seconds, statuses, peak, findings }: Summary): string {
  const ends = Object.entries(statuses).map(([status, count]) => `${status}: ${formatExact(count)}`);
  return [
    `files     ${formatExact(cases)} from seed ${seed}, in ${formatSeconds(seconds)}`,
    `commands  ${formatExact(commands)}; ended with status ${ends.join(', ')}`,
    `memory    ${formatExact(Math.round(peak / 2 ** 20))} MiB in a process at the most`,
    `findings  ${formatExact(findings.length)}`,
  ].join('\n');
}
