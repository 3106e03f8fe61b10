/** A first part of what `npm run fuzz` does: the same files every time. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { EXIT_STATUS } from '../../formats/errors.js';
import { temporaryFolder } from '../support/folder.js';
import { THOROUGH } from '../support/thorough.js';
import { makeBases } from './bases.js';
import { INPUTS, makeCase } from './cases.js';
import { runPool } from './pool.js';

const SEED = 1;
const CASES = THOROUGH ? 300 : 60;

/** Some get past all checks, some to where engines differ or guests are built, and some not even there. */
const STATUSES = {
  files: ['ok', 'damaged', 'kind', 'diverged', ...(THOROUGH ? (['version'] as const) : [])],
  written: ['ok', 'usage', 'guest'],
} as const;

for (const inputs of INPUTS) {
  const what = inputs === 'files' ? 'files' : 'specs and sessions';
  test.serial(`mutated ${what} end every command that reads them in order`, async (t) => {
    const folder = temporaryFolder(t);
    mkdirSync(join(folder, 'bases'));
    const bases = await makeBases(join(folder, 'bases'));
    const findings: unknown[] = [];
    const statuses = new Set<number>();
    let cases = 0;
    await runPool({
      ...{ bases, folder, inputs, seed: SEED, from: 0, to: CASES, processes: 2, oneIn: 1 },
      onCase: (result) => {
        cases++;
        for (const status of Object.keys(result.statuses)) statuses.add(Number(status));
        for (const finding of result.findings) findings.push({ case: result.number, ...finding });
      },
    });
    t.deepEqual(findings, [], `npm run fuzz -- --inputs ${inputs} --seed ${SEED} --case N shows one alone`);
    t.is(cases, CASES);
    for (const each of STATUSES[inputs]) t.true(statuses.has(EXIT_STATUS[each]), each);
  });
}

test.serial('a case is the same again', async (t) => {
  const folder = temporaryFolder(t);
  const bases = await makeBases(folder);
  const numbers = Array.from({ length: 50 }, (_, i) => i);
  for (const inputs of INPUTS) {
    const made = (): string[] =>
      numbers.map((number) => Buffer.from(makeCase(bases, inputs, SEED, number).bytes).toString('hex'));
    const bytes = made();
    t.deepEqual(made(), bytes);
    // Not every change finds something to change.
    t.true(new Set(bytes).size > bytes.length / 2);
  }
});
