/** `dump`, `stats` and `diff` on relogs made up for the purpose, as commands. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { EXIT_STATUS } from '../../formats/errors.js';
import { EVENT_TITLE } from '../../formats/events.js';
import type { DiffResult } from '../../relog/inspect/diff.js';
import type { StatsResult } from '../../relog/inspect/stats.js';
import { decouple, PROJECT } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import { makeRelog } from '../support/made-relog.js';

type Line = Record<string, unknown>;

async function dump(file: string, ...args: string[]): Promise<Line[]> {
  const { status, stdout, stderr } = await decouple(['dump', file, ...args]);
  if (status !== EXIT_STATUS.ok) throw new Error(stderr);
  return stdout === '' ? [] : stdout.split('\n').map((line) => JSON.parse(line) as Line);
}

test('dump tells every event in standard names', async (t) => {
  const file = join(temporaryFolder(t), 'a.relog');
  makeRelog(file, { slices: 1 });
  const lines = await dump(file);
  t.deepEqual(lines.slice(0, 3), [
    { after: 0, kind: 'port-read', port: 0x3fd, size: 1, value: 0x61 },
    { after: 0, kind: 'port-read', port: 0x3f8, size: 1, value: 0x41 },
    { after: 0, kind: 'port-read', port: 0x1f0, size: 2, value: 0x1234 },
  ]);
  const of = (kind: string): Line | undefined => lines.find((line) => line['kind'] === kind);
  t.deepEqual(of('tsc'), { after: 0, kind: 'tsc', value: '0x123456789abcdef' });
  t.deepEqual(of('interrupt'), { position: 10, kind: 'interrupt', vector: 48, eip: 0xc0100010, eflags: 0x246, rep: 3 });
  t.deepEqual(of('flags-image'), { after: 30, kind: 'flags-image', eflags: 0x246 });
  const ten = '01'.repeat(10);
  t.deepEqual(of('x87'), { after: 30, kind: 'x87', opcode: 0xd9fe, st0: ten, st1: ten, fsw: 0x3800 });
  t.like(of('dma'), { position: 500, address: 0x1000, length: 512, rep: null });
  t.like(of('state'), { position: 600, state: { gpr: [1, 2, 3, 4, 5, 6, 7, 0xffffffff], xmm: '00'.repeat(128) } });
  t.like(lines.at(-1), { position: 1000, kind: 'end' });
  const [whole] = await dump(file, '--kind', 'dma', '--data');
  t.is(whole!['data'], 'ab'.repeat(512));
});

test('dump keeps to kinds, positions, devices, ports and a limit', async (t) => {
  const file = join(temporaryFolder(t), 'a.relog');
  makeRelog(file);
  const all = await dump(file);
  const placeOf = (line: Line): number => Number(line['position'] ?? line['after']);
  const kinds = ['interrupt', 'dma'];
  t.deepEqual(
    await dump(file, '--kind', kinds.join(',')),
    all.filter((line) => kinds.includes(line['kind'] as string)),
  );
  for (const [from, to] of [
    [0, 9],
    [500, 1999],
    [999, 999],
    [1010, 1010],
    [2000, 5000],
    [5000, 6000],
  ] as const) {
    t.deepEqual(
      await dump(file, '--from', String(from), '--to', String(to)),
      all.filter((line) => placeOf(line) >= from && placeOf(line) <= to),
      `${from} to ${to}`,
    );
  }
  const ports = async (...args: string[]): Promise<unknown[]> =>
    (await dump(file, '--limit', '2', ...args)).map((line) => line['port'] ?? line['address']);
  t.deepEqual(await ports('--device', 'uart0'), [0x3fd, 0x3f8]);
  t.deepEqual(await ports('--device', 'ide0'), [0x1f0, 0x1f0]);
  t.deepEqual(await ports('--device', 'apic'), [0xfee00030, 0xfee00030]);
  t.deepEqual(await ports('--device', 'vga'), [0xa0000, 0xa0000]);
  t.deepEqual(await ports('--port', '0x3f8'), [0x3f8, 0x3f8]);
  t.deepEqual(await ports('--port', '496,0x3f9-0x3ff'), [0x3fd, 0x1f0]);
  t.deepEqual(await ports('--device', 'uart1'), []);
});

test('dump refuses names that nobody knows, and says which there are', async (t) => {
  const file = join(temporaryFolder(t), 'a.relog');
  makeRelog(file);
  for (const args of [
    ['--kind', 'earthquake'],
    ['--device', 'toaster'],
  ]) {
    const { status, stderr } = await decouple(['dump', file, ...args]);
    t.is(status, EXIT_STATUS.usage);
    t.regex(stderr, /There are: .*(port-read|uart0)/);
  }
});

test('dump ends quietly when its reader has seen enough', async (t) => {
  const file = join(temporaryFolder(t), 'a.relog');
  makeRelog(file, { slices: 3000 });
  const command = `set -o pipefail; node ${PROJECT}bin/decouple.mjs dump ${file} | head -n 1`;
  const { stdout, stderr, exitCode } = await execa('bash', ['-c', command], { reject: false });
  t.is(exitCode, EXIT_STATUS.ok, stderr);
  t.is(stderr, '');
  t.is(stdout.split('\n').length, 1);
});

test('dump waits for a reader that is slow, and Ctrl-C ends it meanwhile', async (t) => {
  const file = join(temporaryFolder(t), 'a.relog');
  makeRelog(file, { slices: 3000 });
  const running = spawn('node', [`${PROJECT}bin/decouple.mjs`, 'dump', file], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(running, 'exit');
  // It has begun to write, and nobody takes more than the first bytes: the rest does not fit in the pipe.
  await once(running.stdout, 'readable');
  running.kill('SIGINT');
  t.deepEqual(await ended, [EXIT_STATUS.interrupted, null]);
});

test('stats counts what dump shows', async (t) => {
  const file = join(temporaryFolder(t), 'a.relog');
  makeRelog(file);
  const { stdout, status } = await decouple(['stats', file, '--json']);
  t.is(status, EXIT_STATUS.ok);
  const { events, frames, instructions, keyframes, bytes } = JSON.parse(stdout) as StatsResult;
  const lines = await dump(file);
  const titles = [...EVENT_TITLE.values()];
  const shown = titles.map((kind) => [kind, lines.filter((line) => line['kind'] === kind).length]);
  t.deepEqual(
    events.map(({ kind, events }) => [kind, events]),
    shown.filter(([, count]) => count !== 0),
  );
  t.is(instructions, 3000);
  t.is(keyframes, 2);
  t.is(bytes, readFileSync(file).length);
  const inEvents = frames.find(({ kind }) => kind === 'events')!;
  // Four frames: each begins with its position, in one byte for 0 and three for the others.
  t.is(inEvents.frames, 4);
  t.is(
    events.reduce((sum, { bytes }) => sum + bytes, 0),
    inEvents.unpackedBytes - 1 - 3 * 3,
  );
});

test('a relog that was cut off is told up to there', async (t) => {
  const file = join(temporaryFolder(t), 'a.relog');
  makeRelog(file, { ended: false });
  for (const command of ['dump', 'stats']) {
    const { status, stderr } = await decouple([command, file]);
    t.is(status, EXIT_STATUS.ok);
    t.regex(stderr, /is cut off/);
  }
});

test('diff finds the first event that differs, and what was before it', async (t) => {
  const folder = temporaryFolder(t);
  const [a, b, shorter] = ['a', 'b', 'c'].map((name) => join(folder, `${name}.relog`)) as [string, string, string];
  makeRelog(a);
  makeRelog(b, { typed: 0x42 });
  makeRelog(shorter, { ended: false, slices: 2 });
  const compare = async (...args: string[]): Promise<{ status: number | undefined; result: DiffResult }> => {
    const { status, stdout } = await decouple(['diff', '--json', ...args]);
    return { status, result: JSON.parse(stdout) as DiffResult };
  };
  const copy = join(folder, 'copy.relog');
  copyFileSync(a, copy);
  const equal = await compare(a, copy);
  t.is(equal.status, EXIT_STATUS.ok);
  t.like(equal.result, { same: true, first: null, compared: (await dump(a)).length });

  const { status, result } = await compare(a, b);
  t.is(status, EXIT_STATUS.diverged);
  const lines = await dump(a);
  const at = lines.findIndex((line, i) => i > 19 && line['port'] === 0x3f8);
  t.like(result, { same: false, compared: at });
  t.like(result.first, { what: 'port-read', position: 999 });
  t.like(result.first!.sides[0], { port: 0x3f8, value: 0x41 });
  t.like(result.first!.sides[1], { port: 0x3f8, value: 0x42 });
  t.deepEqual(result.first!.before, lines.slice(at - 5, at));

  // The values apart, the checks behind them differ: they have a digest of all events.
  const ignoring = await compare(a, b, '--ignore', 'port-read');
  t.like(ignoring.result.first, { what: 'check', position: 1999 });
  t.true((await compare(a, b, '--ignore', 'port-read,check')).result.same);

  const cut = await compare(a, shorter);
  t.is(cut.status, EXIT_STATUS.diverged);
  t.like(cut.result.first, { what: 'port-read or end' });
});

test('diff needs two files of one kind, and names that it knows', async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'a.relog');
  makeRelog(file);
  const text = join(folder, 'text');
  writeFileSync(text, 'a text, long enough to be told from anything else');
  t.is((await decouple(['diff', file, text])).status, EXIT_STATUS.kind);
  t.is((await decouple(['diff', file, file, '--ignore', 'weather'])).status, EXIT_STATUS.usage);
});
