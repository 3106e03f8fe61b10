/**
 * Makes a fresh checkout ready: npm packages, compiled TypeScript, libunicorn, the simulator's addon, the default
 * guest. Does only what is not done yet; may be interrupted anywhere and run again.
 *
 * --tests  also what the tests need
 * --quiet  one line for what was done, none for what was done already
 *
 * Until the npm packages are there and the TypeScript is compiled, nothing but Node itself can be used: these two steps
 * are plain modules in lib/. The others are TypeScript, in steps.ts.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileStep } from './lib/compile.mjs';
import { withLock } from './lib/lock.mjs';
import { nodeGypEnvironment } from './lib/node-headers.mjs';
import { npmStep } from './lib/npm.mjs';
import { checkPrerequisites } from './lib/prerequisites.mjs';
import { StepRunner } from './lib/step-runner.mjs';

const root = join(import.meta.dirname, '..', '..');
const options = { tests: process.argv.includes('--tests'), quiet: process.argv.includes('--quiet') };
const runner = new StepRunner(options.quiet);

try {
  await withLock(join(root, '.cache'), async () => {
    checkPrerequisites();
    await runner.run('npm packages', npmStep(root));
    await runner.run('TypeScript', compileStep(root));
    const { laterSteps } = await import(pathToFileURL(join(root, 'dist', 'scripts', 'setup', 'steps.js')).href);
    const steps = laterSteps(root, { tests: options.tests, nodeGypEnvironment: nodeGypEnvironment() });
    for (const { name, step } of steps) await runner.run(name, step);
  });
  runner.summary();
} catch (error) {
  console.error(`\nsetup: ${error.message}`);
  if (error.advice) console.error(error.advice);
  else console.error(error.stack);
  if (process.env.DECOUPLE_DEBUG && error.cause) console.error(error.cause);
  process.exitCode = 1;
}
