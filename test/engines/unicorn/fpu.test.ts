/** FPU, MMX and SSE instructions, form by form, against the processor of this computer. */
import test from 'ava';
import { compareFpu } from './support/fpu-differential.js';

/** A longer run: `FPU_INSTANCES=2000000 node scripts/test.mjs test/engines/unicorn/fpu.test.ts`. */
const INSTANCES = Number(process.env.FPU_INSTANCES ?? 60_000);
const SEED = Number(process.env.FPU_SEED ?? 1);
/** What iced-x86's tables hold of the FPU, MMX, SSE, SSE2 and SSE3, less what the relog states. */
const FORMS = 652;

test('every form gives what a processor gives: results, flags, tags, memory, exceptions', (t) => {
  t.timeout(3_600_000);
  const result = compareFpu({ instances: INSTANCES, seed: SEED });
  t.is(result.forms, FORMS);
  t.is(result.instances, INSTANCES);
  t.true(result.exceptions > INSTANCES / 100);
  t.deepEqual(result.differences.slice(0, 20), []);
});
