/** A real recording and its relog: what the documents say of them, and what dump, stats and diff do. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { EXIT_STATUS } from '../../formats/errors.js';
import type { DiffResult } from '../../relog/inspect/diff.js';
import type { StatsResult } from '../../relog/inspect/stats.js';
import { decouple } from '../support/cli.js';
import { documentedCddl } from '../support/documents.js';
import { itemsOf } from '../support/frame-items.js';
import { countsOf, python } from '../support/read-relog.js';
import { GUEST, run, sessionFile } from '../support/stages.js';

const TYPED = "md5sum /bin/busybox; echo all''done\n";
// The last step is the prompt that follows: without it, the moment of the end decides whether the recording has it.
const SESSION = [`send: ${JSON.stringify(TYPED)}`, 'expect: alldone', 'expect: "# "'];

const shared = mkdtempSync(join(tmpdir(), 'decouple-inspect-'));
const recording = join(shared, 'run.dcr');
const relog = join(shared, 'run.relog');

test.before(async (t) => {
  await run(t, 'record', GUEST, '--session', sessionFile(shared, ...SESSION), '-o', recording);
  await run(t, 'relog', recording, '-o', relog, '--keyframe-every', '5M');
});

test.after.always(() => rmSync(shared, { recursive: true, force: true }));

test('every item of both satisfies the CDDL of the documents', (t) => {
  const cddl = documentedCddl();
  for (const file of [recording, relog]) {
    let items = 0;
    for (const { rule, item } of itemsOf(file)) {
      const wrong = cddl.check(rule, item);
      if (wrong !== null) t.fail(`${file}: ${wrong}`);
      items++;
    }
    t.true(items > 10);
  }
});

test('the reader that was written from the specification finds the relog whole, and counts the same', async (t) => {
  const { events } = await run<StatsResult>(t, 'stats', relog);
  const outcome = await python([relog]);
  t.is(outcome.exitCode, 0, outcome.stderr);
  t.deepEqual(
    countsOf(outcome),
    events.map(({ kind, events }) => [kind, events]),
  );
});

test('dump tells what was typed, and what the serial port gave for it', async (t) => {
  const typed = await lines(t, recording, '--kind', 'input');
  t.like(typed[0], { kind: 'input', channel: 'serial0', data: Buffer.from(TYPED).toString('hex') });
  const received = await lines(t, relog, '--port', '0x3f8');
  t.is(String.fromCharCode(...received.slice(0, TYPED.length).map(({ value }) => Number(value))), TYPED);
});

test('stats knows both', async (t) => {
  const ofRecording = await run<StatsResult>(t, 'stats', recording);
  t.like(ofRecording, { kind: 'recording', cutOff: false });
  t.true(ofRecording.instructions > 1e6);
  const { instructions, keyframes } = await run<StatsResult>(t, 'stats', relog);
  t.true(keyframes > 2 && Math.abs(instructions / ofRecording.instructions - 1) < 0.01);
});

test('diff of two relogs of one recording finds nothing but their keyframes', async (t) => {
  const other = join(shared, 'other.relog');
  await run(t, 'relog', recording, '-o', other);
  const { status, stdout } = await decouple(['diff', relog, other, '--json']);
  t.is(status, EXIT_STATUS.diverged);
  t.regex((JSON.parse(stdout) as DiffResult).first!.what, /keyframe-mark/);
  // Digests in checks begin anew at marks.
  t.true((await run<DiffResult>(t, 'diff', relog, other, '--ignore', 'keyframe-mark,check')).same);
});

test('diff of two recordings of the same work finds their clocks, and not what was typed', async (t) => {
  const other = join(shared, 'other.dcr');
  await run(t, 'record', GUEST, '--session', sessionFile(shared, ...SESSION), '-o', other);
  t.true((await run<DiffResult>(t, 'diff', recording, recording)).same);
  const { status, stdout } = await decouple(['diff', recording, other, '--json', '--ignore', 'header']);
  t.is(status, EXIT_STATUS.diverged);
  t.is((JSON.parse(stdout) as DiffResult).first!.what, 'clock samples');
  t.true((await run<DiffResult>(t, 'diff', recording, other, '--ignore', 'header,clock,module,digest,outcome')).same);
});

async function lines(t: ExecutionContext, ...args: string[]): Promise<Record<string, unknown>[]> {
  const { status, stdout, stderr } = await decouple(['dump', ...args]);
  t.is(status, EXIT_STATUS.ok, stderr);
  return stdout.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
}
