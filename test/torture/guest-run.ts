/** Rows in a guest: recorded, relogged, and verified. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { VerifyResult } from '../../relog/api.js';
import { EXIT_STATUS } from '../../formats/errors.js';
import { decouple } from '../support/cli.js';
import { differsInAnalyze } from './as-analyze.js';
import { sumsOf } from './harness.js';

const GUEST = 'debian-io';
/** For what hangs; a busy computer takes several times as long as a quiet one. */
const STAGE_TIMEOUT_MS = 3_600_000;

export interface GuestRun {
  /** How the program that runs rows ended before all had run; null where it did not. */
  ended: string | null;
  /** What went wrong before there was anything to verify; null for nothing. */
  failure: string | null;
  verified: VerifyResult | null;
  /** What differs from the machine where it is run as analyze does. */
  inAnalyze: string | null;
  /** Of each file, what the harness printed, by row. */
  sums: string[][];
  recording: string;
  relog: string;
}

/** The guest mounts the folder that is shared with it, and runs the harness on each file there. */
const SESSION = [
  'mount -t 9p -o trans=virtio,version=9p2000.L host9p /mnt',
  'cp /mnt/* /tmp',
  'cd /tmp',
  'for i in rows.*; do ./harness $i > /mnt/sums.$i; done',
  'cd /',
  'umount /mnt',
  "echo rows''-done",
].join('; ');

/** How what runs at level 0 may end: it halts for ever, runs for ever, or goes to where no memory is, which ends the machine. */
function endOf(status: number | undefined, stderr: string): string | null {
  if (status === EXIT_STATUS.notReady) return 'in no end';
  if (status !== EXIT_STATUS.stopped) return null;
  if (stderr.includes('halted for ever')) return 'in a halt';
  return stderr.includes('memory access out of bounds') ? 'where no memory is' : null;
}

/**
 * Records, relogs, verifies, and runs it as analyze does.
 * @param sums of what the guest printed, by file
 * @param mayEnd whether what runs may destroy what runs it, which is no failure: see `endOf`
 */
export async function stages(
  folder: string,
  record: readonly string[],
  sums: (console: string) => string[][],
  mayEnd = false,
): Promise<GuestRun> {
  const at = (name: string): string => join(folder, name);
  const run: GuestRun = {
    ...{ ended: null, failure: null, verified: null, inAnalyze: null, sums: [] },
    ...{ recording: at('run.dcr'), relog: at('run.relog') },
  };
  const stage = async (...args: string[]): Promise<{ stdout: string; stderr: string } | null> => {
    const { status, stdout, stderr } = await decouple([...args, '--json'], { timeout: STAGE_TIMEOUT_MS });
    const verifies = args[0] === 'verify' && status === EXIT_STATUS.diverged;
    const ended = mayEnd ? endOf(status, stderr) : null;
    run.ended ??= ended;
    if (status === EXIT_STATUS.ok || verifies || ended !== null) return { stdout, stderr };
    run.failure = `${args[0]} ended with status ${status}: ${stderr.split('\n').slice(-3).join(' ')}`;
    return null;
  };
  const recorded = await stage('record', ...record, '-o', run.recording);
  run.sums = sums(recorded?.stderr ?? '');
  if (recorded === null || (await stage('relog', run.recording, '-o', run.relog)) === null) return run;
  const verified = await stage('verify', run.relog);
  if (verified === null) return run;
  run.verified = JSON.parse(verified.stdout) as VerifyResult;
  if (run.verified.exact) run.inAnalyze = await differsInAnalyze(run.relog);
  return run;
}

/**
 * @param folder exists, and is for this run alone
 * @param files contents of the files of rows
 */
export async function runInGuest(folder: string, harness: string, files: readonly Buffer[]): Promise<GuestRun> {
  const at = (name: string): string => join(folder, name);
  mkdirSync(at('share'));
  copyFileSync(harness, at('share/harness'));
  files.forEach((file, i) => writeFileSync(at(`share/rows.${i}`), file));
  writeFileSync(
    at('session.yaml'),
    JSON.stringify([{ send: `${SESSION}\n` }, { expect: 'rows-done', timeout: '30m' }]),
  );
  const share = ['--share', `${at('share')}:rw`, '--share-out', at('back')];
  return await stages(folder, [GUEST, '--session', at('session.yaml'), ...share], () =>
    files.map((_, i) => {
      const printed = at(`back/sums.rows.${i}`);
      return existsSync(printed) ? sumsOf(readFileSync(printed, 'latin1')) : [];
    }),
  );
}
