/**
 * Everything that can be said about the sources without running them: types, style, format, and who imports whom.
 * Prints one line a check, and the output of those that fail. Exits with 1 if any does.
 *
 * `--fix` lets eslint, prettier and clang-format put right what they can.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';

const ROOT = join(import.meta.dirname, '..');
const NATIVE = 'engines/unicorn/native';
const CACHE = '.cache/lint';
const ROOMS = [
  'confine',
  'formats',
  'engines',
  'network',
  'relog',
  'analyses',
  'guests',
  'corpus',
  'cli',
  'test',
  'bench',
  'scripts',
];
/** Two tools at a time: as many as the smallest machine has processors. */
const LANES = 2;

const fix = process.argv.includes('--fix');

/** The script that a package's command `bin` runs; started with node itself, so that no wrapper has its say. */
const script = (path) => ['node', join(ROOT, 'node_modules', path)];

const checks = [
  { name: 'types', command: [...script('typescript/bin/tsc'), '--noEmit', '-p', 'tsconfig.json'] },
  {
    name: 'eslint',
    command: [
      ...script('eslint/bin/eslint.js'),
      ...['--max-warnings', '0', '--cache', '--cache-location', `${CACHE}/eslint`],
      ...(fix ? ['--fix'] : []),
      '.',
    ],
  },
  {
    name: 'prettier',
    command: [
      ...script('prettier/bin/prettier.cjs'),
      ...['--log-level', 'warn', '--cache', '--cache-location', `${CACHE}/prettier`],
      ...[fix ? '--write' : '--check', '.'],
    ],
  },
  {
    name: 'imports',
    command: [
      ...script('dependency-cruiser/bin/dependency-cruise.mjs'),
      ...['--config', '.dependency-cruiser.cjs', '--output-type', 'err-long'],
      ...ROOMS.filter((room) => existsSync(join(ROOT, room))),
    ],
  },
];

const sources = existsSync(join(ROOT, NATIVE))
  ? readdirSync(join(ROOT, NATIVE), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(cc|cpp|h|hpp)$/.test(name) && !name.startsWith('build/'))
      .sort()
      .map((name) => join(NATIVE, name))
  : [];
if (sources.length > 0) {
  checks.push({
    name: 'clang-format',
    command: [...script('clang-format/index.js'), ...(fix ? ['-i'] : ['--dry-run', '-Werror']), ...sources],
  });
}

let failed = 0;

async function run({ name, command: [file, ...args] }) {
  const started = performance.now();
  const { exitCode, all } = await execa(file, args, { cwd: ROOT, all: true, reject: false, stdin: 'ignore' });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (exitCode === 0) {
    console.log(`lint: ${name} ok (${seconds} s)`);
  } else {
    failed++;
    console.log(`lint: ${name} FAILED (${seconds} s)\n${all}\n`);
  }
}

await Promise.all(
  Array.from({ length: LANES }, async () => {
    for (let check = checks.shift(); check !== undefined; check = checks.shift()) await run(check);
  }),
);
process.exitCode = failed === 0 ? 0 : 1;
