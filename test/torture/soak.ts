/**
 * `npm run soak -- --hours N [--seed S]`: one guest after another does work that is drawn for it, with the host busy or
 * quiet, some to their end, some for a time, some until they are killed; each recording is relogged and verified. Prints a
 * line a run and a total; keeps what was not exact; ends with status 1 if there was any.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import yargs from 'yargs';
import { printNote } from '../../cli/output.js';
import { EXIT_STATUS } from '../../formats/errors.js';
import type { VerifyResult } from '../../relog/api.js';
import { decouple, PROJECT } from '../support/cli.js';
import { numbers } from './arguments.js';
import { seeded } from './sequences.js';
import { GUESTS, sessionOf } from './work.js';

const STAGE_TIMEOUT_MS = 1_800_000;
/** Processes beside the recording, in one of three runs: what comes after it asks no clock. */
const BUSY_PROCESSES = 4;
const BUSY_EVERY = 3;
/** One of so many is killed in the middle, and one ends after a time. */
const KILLED_EVERY = 8;
const LIMITED_EVERY = 5;

const args = await yargs(process.argv.slice(2))
  .scriptName('npm run soak --')
  .option('hours', { type: 'number', default: 1, describe: 'For how long' })
  .option('seed', {
    type: 'number',
    default: Date.now() % 1_000_000,
    describe: 'Of the first run; the next has one more',
  })
  .option('keep', { type: 'string', default: 'soak', describe: 'Folder for what was not exact' })
  .check(numbers('hours', 'seed'))
  .strict()
  .parseAsync();

/** Takes a processor until it is ended. */
const load = () => execa('node', ['-e', 'for (;;);'], { reject: false });

/** Records, and kills the command and its machine at once when the time is over. */
async function recordUntilKilled(seconds: number, options: readonly string[]): Promise<void> {
  const command = execa('node', [`${PROJECT}bin/decouple.mjs`, 'record', ...options], {
    ...{ reject: false, stdin: 'ignore', detached: true },
  });
  const timer = setTimeout(() => process.kill(-command.pid!, 'SIGKILL'), seconds * 1000);
  await command;
  clearTimeout(timer);
}

interface Run {
  what: string;
  outcome: string;
  instructions: number;
  exact: boolean;
}

async function runOne(seed: number, folder: string): Promise<Run> {
  const random = seeded(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const guest = GUESTS[below(GUESTS.length)]!;
  const session = join(folder, 'session.yaml');
  writeFileSync(session, JSON.stringify(sessionOf(guest, random)));
  const [recording, relog] = [join(folder, 'run.dcr'), join(folder, 'run.relog')];
  const busy = seed % BUSY_EVERY === 0;
  const killed = seed % KILLED_EVERY === 0;
  const limit = seed % LIMITED_EVERY === 0 ? ['--for', `${1 + below(5)}s`] : [];
  const options = [guest.name, '--session', session, ...guest.options, ...limit, '-o', recording];
  const what = [guest.name, busy ? 'busy' : 'quiet', ...limit.slice(1), ...(killed ? ['killed'] : [])].join(' ');
  const beside = busy ? Array.from({ length: BUSY_PROCESSES }, load) : [];
  const leaveAlone = (): void => beside.forEach((each) => each.kill('SIGKILL'));
  try {
    const failed = (stage: string, status: number | undefined, text: string): Run => {
      const last = text.trim().split('\n').slice(-2).join(' ');
      return { what, outcome: `${stage} ended with status ${status}: ${last}`, instructions: 0, exact: false };
    };
    if (killed) await recordUntilKilled(3 + below(10), options);
    else {
      const { status, stderr } = await decouple(['record', ...options], { timeout: STAGE_TIMEOUT_MS });
      if (status !== EXIT_STATUS.ok) return failed('record', status, stderr);
    }
    leaveAlone();
    // Killed before there was anything.
    if (killed && !existsSync(recording)) return { what, outcome: 'nothing recorded', instructions: 0, exact: true };
    const relogged = await decouple(['relog', recording, '-o', relog], { timeout: STAGE_TIMEOUT_MS });
    if (killed && relogged.status === EXIT_STATUS.damaged) {
      return { what, outcome: 'killed before the first frame', instructions: 0, exact: true };
    }
    if (relogged.status !== EXIT_STATUS.ok) return failed('relog', relogged.status, relogged.stderr);
    const { status, stdout, stderr } = await decouple(['verify', relog, '--json'], { timeout: STAGE_TIMEOUT_MS });
    if (status !== EXIT_STATUS.ok && status !== EXIT_STATUS.diverged) return failed('verify', status, stderr);
    const { exact, instructions, forgiven, first } = JSON.parse(stdout) as VerifyResult;
    const outcome = exact ? `exact, forgiven ${JSON.stringify(forgiven)}` : `diverged: ${JSON.stringify(first)}`;
    return { what, outcome, instructions, exact };
  } finally {
    leaveAlone();
  }
}

const ends = performance.now() + args.hours * 3_600_000;
const total = { runs: 0, instructions: 0, failed: 0 };
const scratch = mkdtempSync(join(tmpdir(), 'decouple-soak-'));
try {
  for (let seed = args.seed; performance.now() < ends; seed++) {
    const folder = join(scratch, String(seed));
    mkdirSync(folder);
    const { what, outcome, instructions, exact } = await runOne(seed, folder);
    total.runs++;
    total.instructions += instructions;
    printNote(`soak: ${seed}, ${what}: ${instructions} instructions, ${outcome}`);
    if (!exact) {
      total.failed++;
      mkdirSync(args.keep, { recursive: true });
      cpSync(folder, join(args.keep, String(seed)), { recursive: true });
    }
    rmSync(folder, { recursive: true });
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.stdout.write(`${total.runs} runs, ${total.instructions} instructions, ${total.failed} not exact\n`);
process.exitCode = total.failed === 0 ? 0 : 1;
