/** The whole pipeline on every workload of the corpus: each is recorded, replayed, relogged and verified exactly. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { listWorkloads, loadWorkload } from '../../corpus/index.js';
import type { RelogResult, VerifyResult } from '../../relog/api.js';
import { decouple, PROJECT } from '../support/cli.js';
import { run } from '../support/stages.js';
import { THOROUGH } from '../support/thorough.js';
import { tamper, type Lie } from '../support/tamper.js';

const TIMEOUT_MS = 600_000;
const folder = mkdtempSync(join(tmpdir(), 'decouple-corpus-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

const workloads = listWorkloads();

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

test('there are six workloads or more', (t) => {
  t.true(workloads.length >= 6, workloads.join(', '));
});

/** Take the longest, and show nothing that the others, and tests of the guest and of disks, do not. */
const LONG = ['awk', 'disk', 'fork-storm', 'md5sum', 'selftest', 'sort-gzip'];
/** Its recording and relog are used by the tests behind. */
const SHORTEST = 'numbers';

for (const name of workloads.filter((name) => THOROUGH || !LONG.includes(name))) {
  test.serial(`${name}: recorded, replayed, relogged and verified exactly`, async (t) => {
    const recording = join(folder, `${name}.dcr`);
    const relog = join(folder, `${name}.relog`);
    const { guest } = await loadWorkload(name);
    await run(t, 'record', guest, '--session', join(PROJECT, 'corpus', `${name}.yaml`), '-o', recording);
    // Relogging replays, too; digests of replays are compared in tests of less.
    if (THOROUGH) await run(t, 'replay', recording, '--verify');
    const made = await run<RelogResult>(t, 'relog', recording, '-o', relog);
    const result = await run<VerifyResult>(t, 'verify', relog);
    t.log(JSON.stringify(result));
    t.true(result.exact);
    t.is(result.divergences, 0);
    t.true(result.keyframes >= 5);
    t.is(result.instructions, made.instructions);
    t.is(result.events, made.events);
    // No row of the table forgives RAM; should one ever, it may forgive less than one word in 100,000.
    const words = Object.entries(result.forgiven).filter(([row]) => row.startsWith('ram'));
    t.true(words.reduce((sum, [, count]) => sum + count, 0) < ((128 << 20) / 4) * 1e-5);
  });
}

test.serial('the same recording gives the same relog, the same relog the same reports', async (t) => {
  const name = SHORTEST;
  const again = join(folder, 'again.relog');
  await run(t, 'relog', join(folder, `${name}.dcr`), '-o', again);
  t.is(sha256(again), sha256(join(folder, `${name}.relog`)));
  const trees: string[][] = [];
  for (const out of ['out1', 'out2'].map((part) => join(folder, part))) {
    await run(t, 'analyze', again, '-a', 'coverage', '-a', 'profile', '-o', out);
    const files = (readdirSync(out, { recursive: true }) as string[])
      .filter((file) => statSync(join(out, file)).isFile())
      .sort();
    t.true(files.length >= 4, files.join(' '));
    trees.push(files.map((file) => `${file} ${sha256(join(out, file))}`));
  }
  t.deepEqual(trees[0], trees[1]);
});

const LIES: Record<string, Lie> = {
  'a time-stamp counter value': {
    kind: 'tsc',
    from: 20_000_000,
    change: (event) => void (event[1] = BigInt(event[1] as number) + 1000n),
  },
  'a port value': {
    kind: 'portRead',
    from: 1_000_000,
    // The serial port's line status: whether a byte has arrived. (What the kernel reads of other ports it may ignore.)
    change: (event) => {
      if (event[1] !== 0x3fd) return false;
      event[3] = Number(event[3]) ^ 1;
    },
  },
  'an interrupt position': {
    kind: 'interrupt',
    from: 20_000_000,
    change: (event) => {
      if (Number(event[1]) === 0) return false;
      event[1] = Number(event[1]) - 1;
    },
  },
  'an exception address': {
    kind: 'exception',
    from: 20_000_000,
    change: (event) => void (event[3] = Number(event[3]) + 1),
  },
  'a flag': { kind: 'flagsImage', from: 20_000_000, change: (event) => void (event[1] = Number(event[1]) ^ 0x200) },
};

for (const [what, lie] of Object.entries(LIES)) {
  test.serial(`verify finds ${what} that was changed, at or just after it`, async (t) => {
    const liar = join(folder, 'liar.relog');
    const changed = tamper(join(folder, `${SHORTEST}.relog`), liar, lie);
    const { status, stdout, stderr } = await decouple(['verify', liar, '--json'], { timeout: TIMEOUT_MS });
    t.is(status, 11, stderr);
    const result = JSON.parse(stdout) as VerifyResult;
    t.false(result.exact);
    t.true(result.divergences >= 1);
    const found = Number(result.first!.position);
    t.log(`changed at ${changed}, found at ${found}: ${result.first!.what}`);
    // Registers are checked every 100,000 instructions or so, RAM at each keyframe.
    t.true(found >= changed - 1 && found <= changed + 51_000_000);
  });
}
