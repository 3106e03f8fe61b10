/**
 * All tests: the checks of lint, then the unit tests, then the end-to-end ones, two files at a time (each keeps a
 * processor busy). Ends with the line "N passed, M failed" and status 1 if any failed.
 *
 * Arguments name what to run: `lint`, `unit`, `e2e` (all three without any), and test files below test/. `--all` runs
 * more guests and workloads (test/support/thorough.ts).
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';

const ROOT = join(import.meta.dirname, '..');
const AVA = ['node_modules/ava/entrypoints/cli.mjs', '--tap'];
const END_TO_END = 'dist/test/e2e';

/** Lines shown of a failing test: a difference of two large values says no more in ten thousand. */
const MAX_DETAILS = 60;

const STAGES = {
  lint: () => runLint(),
  unit: () => runAva('unit', ['--concurrency', '2', 'dist/test/**/*.test.js', `!${END_TO_END}/**`]),
  e2e: () => runAva('e2e', ['--concurrency', '2', `${END_TO_END}/**/*.test.js`]),
};

const total = { passed: 0, failed: 0 };

async function runLint() {
  const { exitCode } = await execa('node', ['scripts/lint.mjs'], { cwd: ROOT, stdio: 'inherit', reject: false });
  if (exitCode === 0) total.passed++;
  else total.failed++;
}

/** Runs AVA and prints one line a test, with the details of those that fail. */
async function runAva(stage, args) {
  if (stage === 'e2e' && !existsSync(join(ROOT, END_TO_END))) return;
  const ava = execa('node', [...AVA, ...args], { cwd: ROOT, stderr: 'inherit', stdin: 'ignore', reject: false });
  const before = total.passed + total.failed;
  let detailed = false;
  let details = 0;
  for await (const line of createInterface({ input: ava.stdout })) {
    const test = /^(not ok|ok) \d+ - (.*)$/.exec(line);
    if (test) {
      const [, outcome, title] = test;
      detailed = outcome === 'not ok';
      details = 0;
      const skipped = / # (SKIP|TODO)/i.test(title);
      if (!skipped && detailed) total.failed++;
      if (!skipped && !detailed) total.passed++;
      console.log(`${stage}: ${skipped ? 'skipped' : detailed ? 'FAILED' : 'ok'} ${title}`);
    } else if (detailed && !/^# |^\d+\.\.\d+$/.test(line) && line.trim() !== '') {
      if (details++ < MAX_DETAILS) console.log(line);
    }
  }
  const { exitCode } = await ava;
  if (exitCode !== 0 && total.failed === 0) {
    total.failed++;
    console.log(`${stage}: FAILED the test runner itself, with status ${exitCode}`);
  } else if (total.passed + total.failed === before) {
    total.failed++;
    console.log(`${stage}: FAILED no test was found; is it built?`);
  }
}

const asked = process.argv.slice(2).filter((argument) => argument !== '--all');
if (process.argv.includes('--all')) process.env['DECOUPLE_TESTS'] = 'all';
const files = asked.filter((name) => !(name in STAGES));
const stages = asked.filter((name) => name in STAGES);

const started = performance.now();
if (files.length > 0) {
  await runAva('test', ['--concurrency', '1', ...files.map((name) => `dist/${name.replace(/\.ts$/, '.js')}`)]);
} else {
  for (const stage of stages.length > 0 ? stages : Object.keys(STAGES)) await STAGES[stage]();
}
const minutes = ((performance.now() - started) / 60000).toFixed(1);
console.log(`\ntests took ${minutes} minutes`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
