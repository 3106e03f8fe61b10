/** `verify` and `analyze` on a relog as the command line makes it: what they say, and what the reports hold. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { EXIT_STATUS } from '../../formats/errors.js';
import type { AnalyzeResult, RelogResult, VerifyResult } from '../../relog/api.js';
import { decouple } from '../support/cli.js';
import { readDrcov } from '../support/drcov.js';
import { temporaryFolder } from '../support/folder.js';
import { GUEST, run, sessionFile } from '../support/stages.js';
import { tamper } from '../support/tamper.js';

const SESSION = [String.raw`send: "selftest strings integers\n"`, String.raw`expect: "selftest: \\d+ ok"`];

/** A relog that all tests here may read. */
const shared = mkdtempSync(join(tmpdir(), 'decouple-e2e-'));
const relog = join(shared, 'run.relog');
const reports = join(shared, 'reports');
let made: RelogResult;

test.before(async (t) => {
  const recording = join(shared, 'run.dcr');
  await run(t, 'record', GUEST, '--session', sessionFile(shared, ...SESSION), '-o', recording);
  made = await run(t, 'relog', recording, '-o', relog, '--keyframe-every', '10M');
});

test.after.always(() => rmSync(shared, { recursive: true, force: true }));

test.serial('verify says what it compared', async (t) => {
  const result = await run<VerifyResult>(t, 'verify', relog);
  const { instructions, events, keyframes } = made;
  t.like(result, { exact: true, divergences: 0, instructions, events, keyframes });
  t.true(keyframes >= 3);
  const { stdout } = await decouple(['verify', relog]);
  t.regex(stdout, /^verdict +exact$/m);
  t.regex(stdout, /^compared +[\d,]+ events, \d+ keyframes$/m);
});

test.serial('verify says where a changed relog first differs', async (t) => {
  const liar = join(shared, 'liar.relog');
  const change = (event: unknown[]): void => void (event[3] = Number(event[3]) + 1);
  const changedAt = tamper(relog, liar, { kind: 'interrupt', from: 1_000_000, change });
  const { status, stdout } = await decouple(['verify', liar]);
  t.is(status, EXIT_STATUS.diverged);
  t.regex(stdout, /^verdict +DIVERGED \(1 place\)$/m);
  t.regex(stdout, /^first difference +\S/m);
  t.regex(stdout, new RegExp(`^position +${changedAt}(, in [\\w.]+\\+0x[0-9a-f]+)?$`, 'm'));
  t.regex(stdout, /^instruction +[0-9a-f]{8}: \w+/m);
  t.regex(stdout, /^expected +\S/m);
  t.regex(stdout, /^got +\S/m);
  t.regex(stdout, /^events around it\n( {2}\S.*\n){10,}/m);
});

test.serial('a relog that was cut off is verified up to there', async (t) => {
  const cut = join(temporaryFolder(t), 'cut.relog');
  const bytes = readFileSync(relog);
  writeFileSync(cut, bytes.subarray(0, bytes.length - 1000));
  const { status, stdout, stderr } = await decouple(['verify', cut, '--json']);
  t.is(status, EXIT_STATUS.ok, stderr);
  const { exact, instructions } = JSON.parse(stdout) as VerifyResult;
  t.true(exact && instructions > 0 && instructions <= made.instructions);
  t.regex(stderr, /is cut off/);
});

test.serial('analyze makes the reports that were asked for, and no other files', async (t) => {
  const result = await run<AnalyzeResult>(t, 'analyze', relog, '-a', 'coverage', '-a', 'profile', '-o', reports);
  t.is(result.instructions, made.instructions);
  const files = (readdirSync(reports, { recursive: true, withFileTypes: true }) as { isFile(): boolean }[]).filter(
    (f) => f.isFile(),
  );
  t.is(files.length, result.reports.length);
  for (const report of result.reports) t.true(existsSync(report), report);
  const again = await decouple(['analyze', relog, '-a', 'profile', '-o', reports]);
  t.is(again.status, EXIT_STATUS.exists, again.stderr);
});

test.serial('the profile adds up to the instructions of the run, and has names', (t) => {
  const rows = readFileSync(join(reports, 'profile.tsv'), 'utf8').trimEnd().split('\n').slice(1);
  const fields = rows.map((row) => row.split('\t'));
  t.is(
    fields.reduce((sum, [instructions]) => sum + Number(instructions), 0),
    made.instructions,
  );
  const names = new Set(fields.map(([, , , module, name]) => `${module} ${name}`));
  for (const name of ['vmlinux schedule', 'vmlinux handle_mm_fault', '/usr/bin/test-strings main']) {
    t.true(names.has(name), name);
  }
});

test.serial('the coverage can be read, and covers what ran', (t) => {
  const all = readDrcov(readFileSync(join(reports, 'coverage.drcov')));
  const paths = all.modules.map(({ path }) => path);
  for (const path of ['vmlinux', '/bin/busybox', '/usr/bin/test-strings', '/usr/bin/test-integers']) {
    t.true(paths.includes(path), path);
  }
  for (const { module, start, size } of all.blocks) {
    const { base, end } = all.modules[module]!;
    t.true(base + start + size <= end);
  }
  const spaces = readdirSync(join(reports, 'coverage'));
  t.true(
    spaces.some((name) => /^test-strings\b.*@[0-9a-f]{8}\.drcov$/.test(name)),
    spaces.join(' '),
  );
  const apart = spaces.reduce(
    (sum, name) => sum + readDrcov(readFileSync(join(reports, 'coverage', name))).blocks.length,
    0,
  );
  t.true(apart > all.blocks.length, 'what several address spaces share is in the sum once');
});

test.serial('a file of symbols that is none', async (t) => {
  const out = join(temporaryFolder(t), 'out');
  const { status, stderr } = await decouple(['analyze', relog, '-a', 'profile', '--symbols', relog, '-o', out]);
  t.is(status, EXIT_STATUS.kind, stderr);
  t.false(existsSync(out));
});
