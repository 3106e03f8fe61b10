/** Recordings that share a store: how little each takes, and that every command works on them. */
import { execFileSync } from 'node:child_process';
import { readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { EXIT_STATUS } from '../../formats/errors.js';
import type { RecordResult, VerifyResult } from '../../relog/api.js';
import type { Diagnosis } from '../../relog/doctor.js';
import { decouple } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import { goesAllTheWay, GUEST, replays, run, sessionFile } from '../support/stages.js';
import { tinyGuest, TINY_GUEST_SAYS } from '../support/tiny-guest.js';

const RECORDINGS = 10;

/** Bytes on the disk, as du(1) counts them. */
const onDisk = (...paths: string[]): number =>
  execFileSync('du', ['-s', '--block-size=1', ...paths], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .reduce((sum, line) => sum + Number(line.split('\t')[0]), 0);

test.serial('ten recordings of a guest in a store take less than 1.2 times one and their logs', async (t) => {
  const folder = temporaryFolder(t);
  const [store, alone] = [join(folder, 'contents'), join(folder, 'alone.dcr')];
  const record = (output: string, i: number, ...more: string[]): Promise<RecordResult> => {
    const steps = sessionFile(folder, String.raw`send: "echo round ${i} do''ne\n"`, `expect: round ${i} done`);
    return run<RecordResult>(t, 'record', GUEST, '--session', steps, '-o', output, ...more);
  };
  await record(alone, 0);
  let logs = 0;
  const files: string[] = [];
  for (let i = 1; i <= RECORDINGS; i++) {
    const output = join(folder, `run${i}.dcr`);
    logs += (await record(output, i, '--store', store)).logBytes;
    files.push(output);
  }
  const [shared, one] = [onDisk(store, ...files), onDisk(alone)];
  t.log(`${RECORDINGS} with a store: ${shared} bytes; one alone: ${one}; logs: ${logs}`);
  t.true(shared < 1.2 * (one + logs));

  // A relog finds the pages there that the recording starts from.
  const relog = join(folder, 'run.relog');
  await replays(t, files[1]!);
  await run(t, 'relog', files[1]!, '-o', relog, '--store', store);
  t.true(statSync(relog).size < 100_000);
  t.like(await run<VerifyResult>(t, 'verify', relog), { exact: true });
  await run(t, 'store', 'verify', store);
});

test.serial('every command takes a file whose contents are in a store', async (t) => {
  const folder = temporaryFolder(t);
  const at = (name: string): string => join(folder, name);
  const [store, thin, whole, again] = [at('contents'), at('run.dcr'), at('whole.dcr'), at('again.dcr')];
  const spec = tinyGuest(folder, { ballast: 40_000 });
  const options = ['--start', 'power-on', '--until', TINY_GUEST_SAYS];
  await run(t, 'record', spec, ...options, '-o', thin, '--store', store);
  await goesAllTheWay(t, thin);
  await run(t, 'pack', thin, '-o', whole);
  await run(t, 'unpack', whole, '--store', at('other'), '-o', again);
  await run(t, 'pack', again, '-o', at('whole2.dcr'));
  t.true(readFileSync(at('whole2.dcr')).equals(readFileSync(whole)));

  rmSync(at('other'), { recursive: true });
  renameSync(store, at('moved'));
  for (const command of ['info', 'replay', 'doctor', 'screenshot --text', 'disk list']) {
    const { status, stderr } = await decouple([...command.split(' '), thin]);
    t.is(status, EXIT_STATUS.store, command);
    t.notRegex(stderr, /\n\s+at /);
  }
  const given = ['--store', at('moved')];
  t.true((await run<Diagnosis>(t, 'doctor', thin, ...given)).able);
  await run(t, 'info', thin, ...given);
  await run(t, 'screenshot', thin, '--text', ...given);
  await run(t, 'disk', 'list', thin, ...given);
  await run(t, 'export', thin, '--asciicast', '-o', at('run.cast'), ...given);
  const { status } = await decouple(['replay', thin, '--verify'], { env: { DECOUPLE_STORE: at('moved') } });
  t.is(status, EXIT_STATUS.ok);

  // Nothing of it is in the way of who needs no store.
  t.like(await run<Diagnosis>(t, 'doctor', whole), { kind: 'recording', able: true });
  t.like(await run<Diagnosis>(t, 'doctor', `${thin}.relog`), { kind: 'relog', able: true });
});
