/** Programs in a real guest that are stepped through: by themselves, and by another with ptrace. */
import { join } from 'node:path';
import test from 'ava';
import { temporaryFolder } from '../support/folder.js';
import { GUEST, relogsExactly, run, sessionFile } from '../support/stages.js';

test.serial('each step is a trap, and the run is exact', async (t) => {
  const folder = temporaryFolder(t);
  const recording = join(folder, 'run.dcr');
  const session = sessionFile(folder, String.raw`send: "steps\n"`, 'expect: "ok steps"');
  await run(t, 'record', GUEST, '--session', session, '-o', recording);
  await relogsExactly(t, recording);
});
