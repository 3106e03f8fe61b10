/** Direct recording: the relog is written while the guest runs, and is as exact as one made of a recording. */
import { join } from 'node:path';
import test from 'ava';
import { EXIT_STATUS } from '../../formats/errors.js';
import type { RecordResult, VerifyResult } from '../../relog/api.js';
import { decouple } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import { GUEST, run, sessionFile } from '../support/stages.js';

for (const start of ['ready', 'power-on']) {
  test.serial(`from ${start}`, async (t) => {
    const relog = join(temporaryFolder(t), 'run.relog');
    const steps = sessionFile(
      temporaryFolder(t),
      ...(start === 'power-on' ? ['expect: "guest ready"\n  timeout: 3m'] : []),
      String.raw`send: "test-faults; test-signals; test-selfmod; for i in 1 2 3; do /bin/busybox md5sum /bin/busybox; done; echo do''ne\n"`,
      'expect: done',
    );
    const options = ['--level', 'device', '--start', start, '--session', steps];
    const made = await run<RecordResult>(t, 'record', GUEST, ...options, '-o', relog);
    const verified = await run<VerifyResult>(t, 'verify', relog);
    t.like(verified, { exact: true, divergences: 0, instructions: made.instructions });
    t.is((await decouple(['replay', relog])).status, EXIT_STATUS.kind);
  });
}
