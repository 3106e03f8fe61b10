/**
 * `npm run demo`: the whole way once, with the commands a user would type. Records a guest at work, relogs the
 * recording, verifies that another CPU engine does exactly the same without devices, and reports on what ran.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { execa } from 'execa';
import { formatPairs } from '../cli/output.js';
import { PROJECT } from '../cli/paths.js';
import { formatBytes, formatCount, formatExact, formatSeconds } from '../cli/units.js';
import type { AnalyzeResult, RecordResult, RelogResult, VerifyResult } from '../relog/api.js';

const GUEST = 'debian-busybox';
const FOLDER = 'out/demo';

/** What is typed in the guest: some computing, some processes, some files. */
const COMMANDS = [
  'uname -a',
  'numbers',
  'selftest integers strings x87',
  'head -c 200000 /bin/busybox | gzip | gunzip | sha256sum',
  'seq 1 2000 | sort -r | tail -n 2',
];
const TOP_FUNCTIONS = 12;

/** The marker is typed in two parts, so that the echo of what is typed does not look like it. */
const SESSION = [
  ...COMMANDS.map((command) => `- send: ${JSON.stringify(`${command}\n`)}`),
  `- send: ${JSON.stringify("echo demon''stration over\n")}`,
  '- expect: "demonstration over"',
  '  timeout: 120s',
  '',
].join('\n');

/** Runs a command of `decouple` as shown; its result is what it prints as JSON, its progress goes to the terminal. */
async function decouple<T>(...args: string[]): Promise<T> {
  process.stdout.write(`$ decouple ${args.join(' ')}\n`);
  const { stdout, exitCode } = await execa('node', [`${PROJECT}bin/decouple.mjs`, ...args, '--json'], {
    cwd: PROJECT,
    stderr: 'inherit',
    reject: false,
  });
  if (exitCode !== 0) process.exit(exitCode ?? 1);
  return JSON.parse(stdout) as T;
}

function say(...pairs: [string, string][]): void {
  process.stdout.write(`${formatPairs(pairs)}\n`);
}

const file = (name: string) => `${FOLDER}/${name}`;
const began = performance.now();
await mkdir(`${PROJECT}${FOLDER}`, { recursive: true });
await writeFile(`${PROJECT}${file('session.yaml')}`, SESSION);

const recorded = await decouple<RecordResult>(
  ...['record', GUEST, '--session', file('session.yaml'), '-o', file('run.dcr'), '--force'],
);
const perMillion = recorded.logBytes / (recorded.instructions / 1e6);
say(
  ['ran', `${formatCount(recorded.instructions)} instructions in ${formatSeconds(recorded.seconds)}`],
  ['input log', `${formatBytes(recorded.logBytes)}, ${perMillion.toFixed(1)} bytes per million instructions`],
);

const relogged = await decouple<RelogResult>('relog', file('run.dcr'), '-o', file('run.relog'), '--force');
say([
  'relog',
  `${formatBytes(relogged.bytes)}: ${formatExact(relogged.events)} events, ${relogged.keyframes} keyframes`,
]);

const verified = await decouple<VerifyResult>('verify', file('run.relog'));
say(['verdict', `exact: ${formatExact(verified.instructions)} instructions in another CPU engine`]);

const analyzed = await decouple<AnalyzeResult>(
  ...['analyze', file('run.relog'), '-a', 'coverage', '-a', 'profile', '-o', FOLDER, '--force'],
);
const reports = analyzed.reports.map((path) => relative(PROJECT, path)).filter((path) => !/\/coverage\//.test(path));
say(['reports', reports.join(', ')]);
const profile = await readFile(`${PROJECT}${file('profile.txt')}`, 'utf8');
const functions = profile
  .split('\n\n')
  .at(-1)!
  .split('\n')
  .slice(0, 1 + TOP_FUNCTIONS);
process.stdout.write(`\n${functions.join('\n')}\n\n`);

say(
  ['instructions', formatExact(relogged.instructions)],
  ['input log', formatBytes(recorded.logBytes)],
  ['relog', formatBytes(relogged.bytes)],
  ['verdict', 'exact'],
  ['reports', `${FOLDER}/ (start with ${file('profile.txt')} and ${file('coverage.txt')})`],
  ['took', formatSeconds((performance.now() - began) / 1000)],
);
