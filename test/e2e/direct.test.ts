/** Direct recording: the relog is written while the guest runs, and is as exact as one made of a recording. */
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { listWorkloads, loadWorkload } from '../../corpus/index.js';
import { EXIT_STATUS } from '../../formats/errors.js';
import type { RecordResult, VerifyResult } from '../../relog/api.js';
import { decouple, PROJECT } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import { commands, GUEST, run, sessionFile } from '../support/stages.js';
import { thorough } from '../support/thorough.js';

async function isExact(t: ExecutionContext, guest: string, ...options: string[]): Promise<string> {
  const relog = join(temporaryFolder(t), 'run.relog');
  const made = await run<RecordResult>(t, 'record', guest, '--level', 'device', ...options, '-o', relog);
  const verified = await run<VerifyResult>(t, 'verify', relog);
  t.like(verified, { exact: true, divergences: 0, instructions: made.instructions });
  return relog;
}

for (const name of listWorkloads()) {
  thorough(`the workload ${name}`, async (t) => {
    const { guest } = await loadWorkload(name);
    await isExact(t, guest, '--session', join(PROJECT, 'corpus', `${name}.yaml`));
  });
}

test.serial('from power-on; and such a relog cannot be replayed', async (t) => {
  const steps = sessionFile(
    temporaryFolder(t),
    'expect: "guest ready"\n  timeout: 3m',
    ...commands('test-faults; test-signals; test-selfmod'),
  );
  const relog = await isExact(t, GUEST, '--start', 'power-on', '--session', steps);
  t.is((await decouple(['replay', relog])).status, EXIT_STATUS.kind);
});
