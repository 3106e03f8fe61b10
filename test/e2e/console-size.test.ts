/** An interactive console, on a terminal of a size of its own. */
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { PROJECT } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import { GUEST } from '../support/stages.js';

const ESCAPE = '\x1d';
const ANSWER = /\n33 101\r*\n/;

test.serial('the guest’s shell has the size of the terminal', async (t) => {
  const recording = join(temporaryFolder(t), 'run.dcr');
  const command = `stty rows 33 cols 101; node bin/decouple.mjs record ${GUEST} -o ${recording}`;
  const terminal = execa('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    cwd: PROJECT,
    all: true,
    timeout: 120_000,
  });
  let shown = '';
  let asked = false;
  let answered = false;
  for await (const piece of terminal.all) {
    shown += String(piece);
    // The command of the size was run, and its prompt is there.
    if (!asked && /stty rows 33 cols 101\r*\n# /.test(shown.slice(shown.indexOf('Recording.')))) {
      asked = true;
      terminal.stdin.write('stty size\n');
    }
    if (!answered && ANSWER.test(shown)) {
      answered = true;
      terminal.stdin.write(ESCAPE);
    }
  }
  await terminal;
  t.regex(shown, ANSWER);
});
