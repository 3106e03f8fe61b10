/** What may happen to a machine and to those who run it: it ends with a sentence, and what was recorded is of use. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { EXIT_STATUS } from '../../formats/errors.js';
import { specsDirectory } from '../../guests/paths.js';
import type { RecordResult } from '../../relog/api.js';
import { decouple, PROJECT } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import {
  ENDLESS,
  goesAllTheWay,
  GUEST,
  isAlive,
  machineOf,
  replays,
  run,
  sessionFile,
  start,
  until,
} from '../support/stages.js';
import { THOROUGH, thorough } from '../support/thorough.js';
import { withOtherEngine } from '../support/tamper.js';

/** What is done with a recording: the first of them is relogged in any case. */
const follow = THOROUGH ? goesAllTheWay : replays;

/** A recording that runs until something happens to it; returns when the guest is at work. */
async function recordEndlessly(folder: string) {
  const output = join(folder, 'run.dcr');
  const running = start(['record', GUEST, '--session', sessionFile(folder, ...ENDLESS), '--console', '-o', output]);
  let shown = '';
  running.stdout.on('data', (bytes: Buffer) => (shown += bytes.toString('latin1')));
  // By then there are several frames in the log.
  await until(() => shown.includes('tick 12000'));
  return { output, running, machine: machineOf(running.pid!) };
}

test.serial('the machine’s process is killed: the recording is of use up to its last frame', async (t) => {
  const { output, running, machine } = await recordEndlessly(temporaryFolder(t));
  process.kill(machine, 'SIGKILL');
  const { exitCode, stderr } = await running;
  t.is(exitCode, EXIT_STATUS.stopped, stderr);
  t.regex(stderr, /ended unexpectedly \(SIGKILL\)/);
  t.regex(stderr, /valid up to its last frame/);
  await goesAllTheWay(t, output, true);
});

test.serial('the command is killed: its machine ends in order', async (t) => {
  const { output, running, machine } = await recordEndlessly(temporaryFolder(t));
  running.kill('SIGKILL');
  await running;
  await until(() => !isAlive(machine));
  await follow(t, output);
});

thorough('both are killed at once', async (t) => {
  const { output, running, machine } = await recordEndlessly(temporaryFolder(t));
  process.kill(machine, 'SIGKILL');
  running.kill('SIGKILL');
  await running;
  await follow(t, output, true);
});

test.serial('the disk gets full during a recording', async (t) => {
  const folder = temporaryFolder(t);
  const whole = join(folder, 'whole.dcr');
  const { bytes, logBytes } = await run<RecordResult>(t, 'record', GUEST, '--for', '3M', '-o', whole);
  const output = join(folder, 'run.dcr');
  // Room for what the run starts from, and for a little of the log.
  const failed = await withFilesUpTo(bytes - logBytes + 2000, [
    ...['record', GUEST, '--session', sessionFile(folder, ...ENDLESS), '-o', output],
  ]);
  t.is(failed.exitCode, EXIT_STATUS.write, failed.stderr);
  t.regex(failed.stderr, /run\.dcr cannot be written/);
  await goesAllTheWay(t, output, true);

  const relog = join(folder, 'run.relog');
  const noRelog = await withFilesUpTo(1_000_000, ['relog', whole, '-o', relog]);
  t.is(noRelog.exitCode, EXIT_STATUS.write, noRelog.stderr);
  t.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('run.relog')),
    [],
  );
  const out = join(folder, 'out');
  await run(t, 'relog', whole, '-o', relog);
  const noReports = await withFilesUpTo(1000, ['analyze', relog, '-a', 'profile', '-o', out]);
  t.is(noReports.exitCode, EXIT_STATUS.write, noReports.stderr);
  t.false(existsSync(join(out, 'profile.txt')));
});

/** `decouple`, which can make files of so many bytes and no longer ones. */
async function withFilesUpTo(bytes: number, args: string[]) {
  const blocks = Math.ceil(bytes / 512);
  const command = `trap '' XFSZ; ulimit -f ${blocks}; exec "$@"`;
  return execa('sh', ['-c', command, 'sh', process.execPath, `${PROJECT}bin/decouple.mjs`, ...args], {
    ...{ reject: false, stdin: 'ignore' },
  });
}

const ENDS: Record<string, { command: string; message: RegExp }> = {
  'a guest that panics': { command: 'echo c > /proc/sysrq-trigger', message: /The guest panicked/ },
  'a guest that halts for ever': { command: 'halt -f', message: /The guest halted for ever/ },
};

for (const [what, { command, message }] of Object.entries(ENDS)) {
  test.serial(`${what} ends its recording, which is valid`, async (t) => {
    const folder = temporaryFolder(t);
    const output = join(folder, 'run.dcr');
    const session = sessionFile(folder, `send: "${command}\\n"`, 'expect: never\n  timeout: 60s');
    const { status, stderr } = await decouple(['record', GUEST, '--session', session, '-o', output]);
    t.is(status, EXIT_STATUS.stopped, stderr);
    t.regex(stderr, message);
    await goesAllTheWay(t, output);
  });
}

test.serial('a guest that does not get ready', async (t) => {
  const folder = temporaryFolder(t);
  const spec = readFileSync(join(specsDirectory(), `${GUEST}.yaml`), 'utf8')
    .replaceAll('../', `${join(specsDirectory(), '..')}/`)
    .replace(/^ready:.*$/m, 'ready: never printed')
    .replace(/^readyTimeout:.*$/m, 'readyTimeout: 2s');
  const path = join(folder, 'guest.yaml');
  writeFileSync(path, spec);
  const output = join(folder, 'run.dcr');
  const { status, stderr } = await decouple(['record', path, '--for', '1s', '-o', output]);
  t.is(status, EXIT_STATUS.notReady, stderr);
  t.regex(stderr, /did not print \/never printed\/ within 2 s; its last line was/);
  t.false(existsSync(output));
});

test.serial('a recording of another build of the engine', async (t) => {
  const folder = temporaryFolder(t);
  const [own, other] = [join(folder, 'own.dcr'), join(folder, 'other.dcr')];
  await run(t, 'record', GUEST, '--for', '1M', '-o', own);
  withOtherEngine(own, other);
  for (const args of [
    ['replay', other],
    ['relog', other, '-o', join(folder, 'run.relog')],
  ]) {
    const { status, stderr } = await decouple(args);
    t.is(status, EXIT_STATUS.engine, stderr);
    t.regex(stderr, /was recorded with v86 0\.0\.1/);
  }
  t.is((await decouple(['info', other])).status, EXIT_STATUS.ok);
});

test.serial('a recording is as good as its bytes', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'run.dcr');
  await run(t, 'record', GUEST, '--for', '5M', '-o', path);
  const size = statSync(path).size;
  const bytes = readFileSync(path);
  // In what the run starts from, in the log, in the last checksum.
  for (const offset of [size >> 1, size - 1500, size - 20]) await isDamaged(t, path, bytes, offset);
});

async function isDamaged(t: ExecutionContext, path: string, bytes: Buffer, offset: number): Promise<void> {
  const broken = Buffer.from(bytes);
  broken[offset]! ^= 4;
  writeFileSync(path, broken);
  const { status, stderr } = await decouple(['replay', path, '--verify']);
  t.is(status, EXIT_STATUS.damaged, `byte ${offset}: ${stderr}`);
}
