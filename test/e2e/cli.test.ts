/** The command line from recording to relog, with the default guest, as scripts and people use it. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { EXIT_STATUS } from '../../formats/errors.js';
import type { RecordResult, RelogResult, ReplayResult } from '../../relog/api.js';
import { decouple, PROJECT } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import { ENDLESS, GUEST, replays, run, sessionFile, start, until } from '../support/stages.js';

const SESSION = [`send: "sha256sum /bin/busybox; echo all''done\\n"`, 'expect: alldone'];

/** A recording that all tests here may read. */
const shared = mkdtempSync(join(tmpdir(), 'decouple-e2e-'));
const recording = join(shared, 'run.dcr');
let recorded: RecordResult;

test.before(async (t) => {
  recorded = await run(t, 'record', GUEST, '--session', sessionFile(shared, ...SESSION), '-o', recording);
});

test.after.always(() => rmSync(shared, { recursive: true, force: true }));

test.serial('record says what it made', (t) => {
  t.like(recorded, { output: recording, reason: 'session-done' });
  t.true(recorded.instructions > 1e6 && recorded.logBytes > 0 && recorded.bytes > recorded.logBytes);
});

test.serial('replay is exact', async (t) => {
  const replayed = await run(t, 'replay', recording, '--verify');
  t.like(replayed, { mismatch: null, cutOff: false, instructions: recorded.instructions });
});

test.serial('replay shows what the guest printed', async (t) => {
  const { status, stdout } = await decouple(['replay', recording, '--console']);
  t.is(status, EXIT_STATUS.ok);
  t.regex(stdout, /[0-9a-f]{64} {2}\/bin\/busybox\r?\nalldone/);
});

test.serial('relog twice gives the same bytes', async (t) => {
  const folder = temporaryFolder(t);
  const files = [join(folder, 'a.relog'), join(folder, 'b.relog')];
  for (const file of files) {
    const result = await run<RelogResult>(t, 'relog', recording, '-o', file, '--keyframe-every', '5M');
    t.true(result.events > 0 && result.keyframes > 2 && !result.cutOff);
  }
  t.true(readFileSync(files[0]!).equals(readFileSync(files[1]!)));
});

test.serial('info knows the recording and the relog', async (t) => {
  const { status, stdout } = await decouple(['info', recording, '--json']);
  t.is(status, EXIT_STATUS.ok);
  t.like(JSON.parse(stdout), { kind: 'recording', cutOff: false, header: { guest: { name: GUEST } } });
  const text = await decouple(['info', recording]);
  t.regex(text.stdout, /^guest name +debian-busybox$/m);
});

test.serial('a recording that was cut off is used up to there, and it is said', async (t) => {
  const cut = join(temporaryFolder(t), 'cut.dcr');
  const bytes = readFileSync(recording);
  writeFileSync(cut, bytes.subarray(0, bytes.length - 20));
  const { status, stdout, stderr } = await decouple(['replay', cut, '--verify', '--json']);
  t.is(status, EXIT_STATUS.ok, stderr);
  t.like(JSON.parse(stdout) as ReplayResult, { mismatch: null, cutOff: true });
  t.regex(stderr, /is cut off/);
});

test.serial('relogging a relog is refused', async (t) => {
  const folder = temporaryFolder(t);
  await decouple(['relog', recording, '-o', join(folder, 'a.relog')]);
  const { status, stderr } = await decouple(['relog', join(folder, 'a.relog'), '-o', join(folder, 'b.relog')]);
  t.is(status, EXIT_STATUS.kind, stderr);
  t.false(existsSync(join(folder, 'b.relog')));
});

test.serial('an output that cannot be written', async (t) => {
  const folder = temporaryFolder(t);
  const nowhere = await decouple(['relog', recording, '-o', join(folder, 'none', 'run.relog')]);
  t.is(nowhere.status, EXIT_STATUS.write, nowhere.stderr);
  const device = await decouple(['record', GUEST, '--for', '1M', '--force', '-o', '/dev/full']);
  t.is(device.status, EXIT_STATUS.write, device.stderr);
  t.regex(device.stderr, /\/dev\/full is no file: it is a device, which is not replaced/);
});

test.serial('a recording ends at --for and at --until', async (t) => {
  const folder = temporaryFolder(t);
  const output = join(folder, 'run.dcr');
  t.like(await run(t, 'record', GUEST, '--for', '3M', '-o', output), { reason: 'limit' });
  const session = ['--session', sessionFile(folder, ...ENDLESS)];
  const matched = await run(t, 'record', GUEST, ...session, '--until', 'tick 2000\\r?\\n', '-o', output, '--force');
  t.like(matched, { reason: 'until-matched' });
});

test.serial('what is expected and does not come ends the recording, which is valid', async (t) => {
  const folder = temporaryFolder(t);
  const output = join(folder, 'run.dcr');
  const steps = sessionFile(folder, 'expect: "never printed"\n  timeout: 1s');
  const { status, stderr } = await decouple(['record', GUEST, '--session', steps, '-o', output]);
  t.is(status, EXIT_STATUS.notReady, stderr);
  await replays(t, output);
});

test.serial('Ctrl-C ends a recording in order', async (t) => {
  const folder = temporaryFolder(t);
  const output = join(folder, 'run.dcr');
  const status = await interruptedOnce(
    () => existsSync(output),
    ['record', GUEST, '--session', sessionFile(folder, ...ENDLESS), '-o', output],
  );
  t.is(status, EXIT_STATUS.interrupted);
  await replays(t, output);
});

test.serial('Ctrl-C during a relog leaves no file, nor do a polite kill and a terminal that closes', async (t) => {
  const folder = temporaryFolder(t);
  const writing = () => readdirSync(folder).length > 0;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const status = await interruptedOnce(writing, ['relog', recording, '-o', join(folder, 'run.relog')], signal);
    t.is(status, EXIT_STATUS.interrupted, signal);
    t.deepEqual(readdirSync(folder), [], signal);
  }
});

test.serial('at a terminal the keys go to the guest, and Ctrl-] ends it', async (t) => {
  const folder = temporaryFolder(t);
  const output = join(folder, 'run.dcr');
  const typed = join(folder, 'typed.yaml');
  const command = `stty cols 80; exec node ${PROJECT}bin/decouple.mjs record ${GUEST} -o ${output} --save-session ${typed}`;
  const terminal = execa('script', ['-qec', command, '/dev/null'], { reject: false, timeout: 60_000 });
  let shown = '';
  terminal.stdout.on('data', (bytes: Buffer) => (shown += bytes.toString('latin1')));
  await until(() => shown.includes('Ctrl-] ends it'));
  terminal.stdin.write("echo key''strokes\n");
  await until(() => shown.includes('keystrokes'));
  terminal.stdin.write('\x1e');
  await until(() => /\[recording: [\d,]+ instructions, .*; Ctrl-\] ends it\]\r?\n/.test(shown));
  terminal.stdin.write('\x1d');
  const { exitCode, stdout } = await terminal;
  t.is(exitCode, EXIT_STATUS.ok, stdout);
  await replays(t, output);

  // What was typed can be typed again.
  t.regex(readFileSync(typed, 'utf8'), /send: "echo key''strokes\\n"/);
  const again = await decouple(['record', GUEST, '--session', typed, '--console', '-o', join(folder, 'again.dcr')]);
  t.is(again.status, EXIT_STATUS.ok, again.stderr);
  t.true(again.stdout.includes('keystrokes'));
});

/** Status of a command that gets a signal with all its processes, as Ctrl-C sends it, as soon as it has come far enough. */
async function interruptedOnce(
  farEnough: () => boolean,
  args: string[],
  signal: NodeJS.Signals = 'SIGINT',
): Promise<number | undefined> {
  const running = start(args);
  await until(farEnough);
  process.kill(-running.pid!, signal);
  return (await running).exitCode;
}
