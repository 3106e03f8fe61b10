/**
 * `npm run torture -- --minutes N [--seed S]`: random programs and random bytes in a guest, one recording after another,
 * each relogged and verified. What is not exact is made as small as one row where it repeats, and kept. Prints a line a recording and a
 * total; ends with status 1 if anything was not exact.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import yargs from 'yargs';
import { printNote } from '../../cli/output.js';
import { numbers } from './arguments.js';
import { compileHarness } from './harness.js';
import { everyForm } from './forms.js';
import { runInGuest } from './guest-run.js';
import { fileOf, MAX_ROWS, type Mode, type Row } from './rows.js';
import { ordinary, randomBytes, seeded, sequence } from './sequences.js';
import { runSystem, systemRows } from './system.js';

const FILES = 6;
const ROUNDS = 14;
/** Of three recordings, how many are of random bytes. */
const BYTES_EVERY = 3;
const VARIANTS = 2;
/** Of ten sequences, how many are of 32 bits. */
const WIDE = 0.7;

const args = await yargs(process.argv.slice(2))
  .scriptName('npm run torture --')
  .option('minutes', { type: 'number', default: 10, describe: 'For how long' })
  .option('seed', {
    type: 'number',
    default: Date.now() % 1_000_000,
    describe: 'Of the first recording; the next has one more',
  })
  .option('keep', { type: 'string', default: 'torture', describe: 'Folder for what was not exact' })
  .check(numbers('minutes', 'seed'))
  .strict()
  .parseAsync();

interface Piece {
  rows: Row[];
  seed: number;
  /** Of rows in a guest; null where they run without one, in all modes. */
  mode: Mode | null;
}

function pieces(seed: number): Piece[] {
  const random = seeded(seed);
  const bytes = seed % BYTES_EVERY === 0;
  const [narrow, wide] = bytes
    ? [[], []]
    : [16 as const, 32 as const].map((bits) => ordinary(everyForm({ variants: VARIANTS, random, bits })));
  const row = (): Row =>
    bytes
      ? randomBytes(random, ROUNDS)
      : sequence({ encodings: random() < WIDE ? wide! : narrow!, random, rounds: ROUNDS });
  return Array.from({ length: FILES }, (_, i) => ({
    rows: Array.from({ length: MAX_ROWS }, row),
    seed: seed * FILES + i,
    mode: bytes ? 'user' : 'timed',
  }));
}

/** Of each seed: a recording of a guest, and one of no guest. */
function recordings(seed: number): Piece[][] {
  return [pieces(seed), [{ rows: systemRows(seed), seed, mode: null }]];
}

const KINDS: Record<Mode | 'system', string> = {
  plain: 'forms',
  timed: 'sequences',
  user: 'random bytes',
  system: 'all modes',
};

const scratch = mkdtempSync(join(tmpdir(), 'decouple-torture-'));
let made = 0;

/** Runs some pieces. @returns whether all was exact, and the recording's folder */
async function attempt(harness: string, some: readonly Piece[]) {
  const folder = join(scratch, `run${made++}`);
  mkdirSync(folder);
  const files = some.map(({ rows, seed, mode }) => fileOf(rows, seed, mode ?? 'plain'));
  const alone = some.length === 1 && some[0]!.mode === null;
  const run = alone ? await runSystem(folder, files[0]!) : await runInGuest(folder, harness, files);
  return { run, folder, exact: run.failure === null && run.verified!.exact && run.inAnalyze === null };
}

/** The rows that are not exact by themselves: halves of halves, as far as one of them still is not. */
async function shrink(harness: string, piece: Piece): Promise<Piece> {
  // A row's place is a part of its seed: the others become rows that do nothing.
  const nothing: Row = { ...piece.rows[0]!, bytes: Uint8Array.of(0x90), rounds: 0 };
  let [from, to] = [0, piece.rows.length];
  let smallest = piece;
  while (to - from > 1) {
    const middle = (from + to) >> 1;
    const half = (low: number, high: number): Piece => ({
      ...piece,
      rows: piece.rows.map((row, i) => (i >= low && i < high ? row : nothing)),
    });
    const first = half(from, middle);
    const second = half(middle, to);
    if (!(await attempt(harness, [first])).exact) [to, smallest] = [middle, first];
    else if (!(await attempt(harness, [second])).exact) [from, smallest] = [middle, second];
    else break;
  }
  return smallest;
}

const total = { recordings: 0, instances: 0, instructions: 0, failed: 0 };

async function recordOne(harness: string, seed: number, all: readonly Piece[]): Promise<void> {
  const { run, folder, exact } = await attempt(harness, all);
  const rows = run.sums.reduce((sum, each) => sum + each.length, 0);
  total.recordings++;
  total.instances += rows * ROUNDS;
  total.instructions += run.verified?.instructions ?? 0;
  const what = KINDS[all[0]!.mode ?? 'system'];
  const differs = run.inAnalyze === null ? JSON.stringify(run.verified?.first) : `in analyze, ${run.inAnalyze}`;
  const ended = run.ended === null ? '' : `, and ended ${run.ended}`;
  const how = exact ? `exact${ended}` : (run.failure ?? `diverged: ${differs}`);
  printNote(`torture: seed ${seed}, ${what}: ${rows} rows, ${how}`);
  if (!exact) {
    total.failed++;
    const kept = join(args.keep, `${seed}-${what.replace(' ', '-')}`);
    mkdirSync(args.keep, { recursive: true });
    // It may be of this one run, and of none again.
    cpSync(folder, kept, { recursive: true });
    for (const piece of all) {
      const alone = await attempt(harness, [piece]);
      if (alone.exact) continue;
      rmSync(kept, { recursive: true });
      const smallest = await attempt(harness, [await shrink(harness, piece)]);
      cpSync(smallest.exact ? alone.folder : smallest.folder, kept, { recursive: true });
      break;
    }
    printNote(`torture: kept in ${kept}`);
  }
  rmSync(folder, { recursive: true, force: true });
}

const ends = performance.now() + args.minutes * 60_000;
try {
  const harness = await compileHarness(scratch);
  for (let seed = args.seed; performance.now() < ends; seed++) {
    for (const all of recordings(seed)) await recordOne(harness, seed, all);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.stdout.write(
  `${total.recordings} recordings, ${total.instances} instances, ${total.instructions} instructions, ${total.failed} not exact\n`,
);
process.exitCode = total.failed === 0 ? 0 : 1;
