/**
 * `npm run census -- [--rounds N] [--seed S] [--out FILE]`: every form of an instruction (forms.ts) on the machine, in the
 * simulator, and on this computer's processor. Writes how many forms and instances, and a table of why forms are not the
 * same everywhere.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import yargs from 'yargs';
import { formatTable } from '../../analyses/text.js';
import { printNote } from '../../cli/output.js';
import { numbers } from './arguments.js';
import { everyForm, type Encoding } from './forms.js';
import { runInGuest } from './guest-run.js';
import { compileHarness, runOnHost } from './harness.js';
import { reasonOf } from './reasons.js';
import { fileOf, MAX_ROWS, type Mode, rowOf } from './rows.js';
import { seeded } from './sequences.js';

/** Files of rows in one recording. */
const FILES = 2;
/** Characters of what went wrong. */
const MOST_SAID = 80;

const args = await yargs(process.argv.slice(2))
  .scriptName('npm run census --')
  .option('rounds', { type: 'number', default: 60, describe: 'Times that each form runs' })
  .option('seed', { type: 'number', default: 1, describe: 'Of operands and values' })
  .option('out', { type: 'string', describe: 'File for the table' })
  .option('only', { type: 'number', describe: 'How many recordings, for a part of it' })
  .check(numbers('rounds', 'seed', 'only'))
  .strict()
  .parseAsync();

interface Result {
  encoding: Encoding;
  /** Recorded, relogged and verified exactly. */
  exact: boolean;
  /** The same on this computer's processor; null where that does not say anything. */
  asProcessor: boolean | null;
}

/** @param mode where one of them does not end: with a timer, which makes what they do another thing than on the processor */
async function measure(
  scratch: string,
  harness: string,
  encodings: readonly Encoding[],
  mode: Mode = 'plain',
): Promise<Result[]> {
  const parts: Encoding[][] = [];
  for (let at = 0; at < encodings.length; at += MAX_ROWS) parts.push(encodings.slice(at, at + MAX_ROWS));
  const folder = join(scratch, 'run');
  mkdirSync(folder);
  const files = parts.map((part) =>
    fileOf(
      part.map((each) => rowOf(each, args.rounds)),
      args.seed,
      mode,
    ),
  );
  const { failure, verified, sums } = await runInGuest(folder, harness, files);
  if (failure !== null && mode === 'plain') {
    printNote(`census: ${failure.slice(0, MOST_SAID)}; once more, with a timer`);
    rmSync(folder, { recursive: true });
    return measure(scratch, harness, encodings, 'timed');
  }
  if (failure !== null) printNote(`census: ${failure}`);
  else if (!verified!.exact) printNote(`census: diverged: ${JSON.stringify(verified!.first)}`);
  const results: Result[] = [];
  for (const [i, part] of parts.entries()) {
    const host = await runOnHost(harness, join(folder, `share/rows.${i}`));
    for (const [k, encoding] of part.entries()) {
      const comparable =
        mode === 'plain' && host !== null && encoding.supported && !encoding.system && !encoding.privileged;
      const asProcessor = comparable ? host[k] === sums[i]![k] : null;
      results.push({ encoding, exact: failure === null && verified!.exact, asProcessor });
    }
  }
  rmSync(folder, { recursive: true });
  return results;
}

/** By reason, how many forms are unlike the processor; those without one by instruction, too. */
function unlike(results: readonly Result[]): string[][] {
  const rows = new Map<string, { what: string; forms: number; example: string }>();
  for (const { encoding, asProcessor } of results) {
    if (asProcessor !== false) continue;
    const reason = reasonOf(encoding);
    const name = reason?.name ?? `not known: ${encoding.form.split(' ')[0]!}`;
    const known = rows.get(name) ?? { what: reason?.what ?? '', forms: 0, example: '' };
    rows.set(name, known);
    known.forms++;
    known.example ||= Buffer.from(encoding.bytes).toString('hex');
  }
  return [...rows]
    .sort(([, a], [, b]) => b.forms - a.forms)
    .map(([name, { what, forms, example }]) => [name, String(forms), example, what]);
}

const scratch = mkdtempSync(join(tmpdir(), 'decouple-census-'));
try {
  const harness = await compileHarness(scratch);
  const random = seeded(args.seed);
  const encodings = [32 as const, 16 as const].flatMap((bits) => everyForm({ variants: 1, random, bits }));
  const results: Result[] = [];
  for (let at = 0, n = 0; at < encodings.length && n < (args.only ?? Infinity); at += FILES * MAX_ROWS, n++) {
    results.push(...(await measure(scratch, harness, encodings.slice(at, at + FILES * MAX_ROWS))));
    printNote(`census: ${results.length} of ${encodings.length} forms`);
  }
  const count = (test: (result: Result) => boolean): number => results.filter(test).length;
  const table = [
    `forms: ${results.length}, instances: ${results.length * args.rounds}`,
    `machine and simulator agree: ${count(({ exact }) => exact)}; in recordings that diverge: ${count(({ exact }) => !exact)}`,
    `compared with this computer's processor: ${count(({ asProcessor }) => asProcessor !== null)}; unlike it: ${count(({ asProcessor }) => asProcessor === false)}`,
    '',
    formatTable(['reason', 'forms', 'an example', 'what'], unlike(results)),
  ].join('\n');
  if (args.out !== undefined) writeFileSync(args.out, table);
  else process.stdout.write(table);
  process.exitCode = results.every(({ exact }) => exact) ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
