/** A relog that the simulator would run otherwise than the machine is healed, and then says the same as the machine. */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { EXIT_STATUS } from '../../formats/errors.js';
import type { RelogResult, VerifyResult } from '../../relog/api.js';
import type { HealResult } from '../../relog/heal/heal.js';
import { decouple } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import { python } from '../support/read-relog.js';
import { healingGuest, HEALING_GUEST_SAYS, TEN_FORMS } from '../support/healing-guest.js';
import { run } from '../support/stages.js';
import { THOROUGH } from '../support/thorough.js';

const WRONG = { DECOUPLE_TEST_FORMS: TEN_FORMS };
const TIMEOUT_MS = 600_000;

/** What a command that may diverge prints with --json. */
async function under<T>(
  t: ExecutionContext,
  env: Record<string, string>,
  status: number,
  ...args: string[]
): Promise<T> {
  const ended = await decouple([...args, '--json'], { timeout: TIMEOUT_MS, env });
  t.is(ended.status, status, `${args.join(' ')}\n${ended.stderr}\n${ended.stdout}`);
  return JSON.parse(ended.stdout) as T;
}

function filesIn(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
  return new Map(files.map((path) => [relative(folder, path), readFileSync(path, 'latin1')]));
}

async function healsAll(t: ExecutionContext, rounds: number, work: number): Promise<void> {
  const folder = temporaryFolder(t);
  const at = (name: string): string => join(folder, name);
  const spec = healingGuest(folder, rounds, work);
  await run(t, 'record', spec, '--start', 'power-on', '--until', HEALING_GUEST_SAYS, '-o', at('run.dcr'));
  const relogged = await run<RelogResult & { seconds: number }>(t, 'relog', at('run.dcr'), '-o', at('run.relog'));
  const plain = await run<VerifyResult>(t, 'verify', at('run.relog'));
  t.deepEqual([plain.exact, plain.healed], [true, []]);
  await under(t, WRONG, EXIT_STATUS.diverged, 'verify', at('run.relog'));

  const began = performance.now();
  const args = ['heal', at('run.relog'), '--recording', at('run.dcr'), '-o', at('healed.relog')];
  const healed = await under<HealResult>(t, WRONG, EXIT_STATUS.ok, ...args);
  const took = (performance.now() - began) / 1000;
  t.log(`${relogged.instructions} instructions: relog ${relogged.seconds.toFixed(1)} s, heal ${took.toFixed(1)} s`);
  const sum = healed.healed.reduce((all, { count }) => all + count, 0);
  t.deepEqual([healed.healed.length, sum, healed.passes], [10, 10 * rounds, 1]);

  const verified = await under<VerifyResult>(t, WRONG, EXIT_STATUS.ok, 'verify', at('healed.relog'));
  t.like(verified, { exact: true, healed: healed.healed, instructions: plain.instructions });
  const said = await decouple(['verify', at('healed.relog')], { timeout: TIMEOUT_MS, env: WRONG });
  t.regex(said.stdout, new RegExp(`^verdict +exact, ${(10 * rounds).toLocaleString('en')} healed$`, 'm'));

  const analyses = ['-a', 'coverage', '-a', 'profile'];
  await run(t, 'analyze', at('run.relog'), ...analyses, '-o', at('plain'));
  await under(t, WRONG, EXIT_STATUS.ok, 'analyze', at('healed.relog'), ...analyses, '-o', at('healed'));
  t.deepEqual(filesIn(at('healed')), filesIn(at('plain')));

  const stats = await run<{ events: { kind: string; events: number }[] }>(t, 'stats', at('healed.relog'));
  t.is(stats.events.find(({ kind }) => kind === 'effect')?.events, sum);
  const { stdout, exitCode } = await python([at('healed.relog')]);
  t.is(exitCode, 0);
  t.regex(stdout, new RegExp(`^effect ${sum}$`, 'm'));
  await under(t, WRONG, EXIT_STATUS.ok, 'cut', at('healed.relog'), '--from', '0', '-o', at('part.relog'));
  const part = await under<VerifyResult>(t, WRONG, EXIT_STATUS.ok, 'verify', at('part.relog'));
  t.true(part.exact && part.healed.length === 10);
}

test.serial('ten forms switched off', (t) => healsAll(t, 8, 200_000));

if (THOROUGH) test.serial('ten forms switched off, in 300 million instructions', (t) => healsAll(t, 100, 600_000));
