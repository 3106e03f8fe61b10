/**
 * `npm run fuzz:native`: libFuzzer with AddressSanitizer and UndefinedBehaviorSanitizer on the C++ reader of events. Fetches
 * clang when it is not here, and begins with the events of the fixtures. Ends with status 0 when nothing was found.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import yargs from 'yargs';
import { printNote, reportError } from '../../cli/output.js';
import { CACHE } from '../../cli/paths.js';
import { parseCount } from '../../cli/units.js';
import { ContainerReader } from '../../formats/container/index.js';
import { DecoupleError } from '../../formats/errors.js';
import { readRelog, readRelogHeader } from '../../formats/relog.js';
import { provideClang, type ClangLocation } from '../../scripts/setup/clang.js';
import { PROJECT } from '../support/cli.js';
import { makeRelog } from '../support/made-relog.js';

const NATIVE = join(PROJECT, 'engines/unicorn/native');
const SOURCES = ['fuzz_events.cpp', 'cursor.cpp', 'event_text.cpp', 'ram.cpp'];
const SANITIZERS = 'fuzzer,address,undefined';
const FIXTURES = join(PROJECT, 'test/fixtures');
/** Of one input; lengths of frames in it have 16 bits. */
const MAX_INPUT_BYTES = 0xffff;
/** Of an input; what takes longer hangs. */
const TIMEOUT_SECONDS = 5;
const MEMORY_MB = 1024;

async function build({ program, environment }: ClangLocation, folder: string): Promise<string> {
  const target = join(folder, 'fuzz-events');
  const warnings = ['-Wall', '-Wextra', '-Werror'];
  const flags = ['--driver-mode=g++', '-std=c++17', '-O1', '-g', '-fno-omit-frame-pointer', ...warnings];
  const checks = [`-fsanitize=${SANITIZERS}`, '-fno-sanitize-recover=all'];
  await execa(program, [...flags, ...checks, '-o', target, ...SOURCES], { cwd: NATIVE, env: environment });
  return target;
}

/** The frames of events of a relog, each alone and all together, as fuzz_events.cpp wants them. */
function seedsOf(relog: string): Uint8Array[] {
  const reader = new ContainerReader(relog, 'relog');
  try {
    readRelogHeader(reader);
    const frames: Uint8Array[] = [];
    for (const item of readRelog(reader)) if (item.kind === 'events') frames.push(withLength(item.payload));
    return [...frames, Buffer.concat(frames)].filter(({ length }) => length <= MAX_INPUT_BYTES);
  } finally {
    reader.close();
  }
}

function withLength(payload: Uint8Array): Uint8Array {
  const length = Buffer.alloc(2);
  length.writeUInt16LE(Math.min(payload.length, MAX_INPUT_BYTES));
  return Buffer.concat([length, payload]);
}

function plantSeeds(folder: string): void {
  const made = join(folder, 'made.relog');
  makeRelog(made);
  const relogs = [made, ...readdirSync(FIXTURES).map((version) => join(FIXTURES, version, 'tiny.relog'))];
  for (const seed of relogs.flatMap(seedsOf)) {
    writeFileSync(join(folder, 'corpus', createHash('sha1').update(seed).digest('hex')), seed);
  }
}

async function fuzz(seconds: number, seed: number): Promise<void> {
  const clang = await provideClang(CACHE, printNote);
  const folder = mkdtempSync(join(tmpdir(), 'decouple-fuzz-'));
  const findings = join(folder, 'findings');
  mkdirSync(join(folder, 'corpus'));
  mkdirSync(findings);
  printNote('fuzz: building with sanitizers');
  const program = await build(clang, folder);
  plantSeeds(folder);
  const limits = [`-timeout=${TIMEOUT_SECONDS}`, `-rss_limit_mb=${MEMORY_MB}`, `-max_len=${MAX_INPUT_BYTES}`];
  const run = [`-max_total_time=${seconds}`, `-seed=${seed}`, '-print_final_stats=1', `-artifact_prefix=${findings}/`];
  const { exitCode } = await execa(program, [...run, ...limits, join(folder, 'corpus')], {
    ...{ stdio: 'inherit', reject: false, env: { UBSAN_OPTIONS: 'print_stacktrace=1' } },
  });
  if (exitCode !== 0) {
    throw new DecoupleError(
      'internal',
      `The reader of events failed; the inputs are in ${findings}.`,
      'Run the same program with one of them as its argument.',
    );
  }
  rmSync(folder, { recursive: true });
}

const args = await yargs(process.argv.slice(2))
  .scriptName('npm run fuzz:native --')
  .option('seconds', { type: 'string', default: '60', describe: 'How long' })
  .option('seed', { type: 'number', default: 1, describe: 'Of the random numbers' })
  .strict()
  .parseAsync();
try {
  await fuzz(parseCount(args.seconds, 'seconds'), args.seed);
} catch (error) {
  process.exitCode = reportError(error, { json: false, debug: true });
}
