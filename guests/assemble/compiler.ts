/**
 * Static i386 programs, made with the machine's own compiler. Headers and libraries come from Debian's i386 packages,
 * so neither gcc's multilib packages nor root are needed. Same compiler and packages in, same bytes out.
 */
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, basename, join } from 'node:path';
import { DecoupleError } from '../../formats/errors.js';
import { runCommand } from '../debian/command.js';
import { sha256 } from '../debian/hash.js';
import { COMPILER_LIBRARY, type FetchedPackage } from '../debian/packages.js';
import { makeDirectory } from '../debian/scratch.js';
import { projectRoot } from '../paths.js';
import { readSource } from '../source.js';
import type { ProgramSpec } from '../spec.js';
import { runWithin } from './sandbox.js';

export const COMPILER_PACKAGES = ['libc6-dev', 'linux-libc-dev', COMPILER_LIBRARY];

const COMMON_FLAGS = [
  '-std=gnu11',
  '-D_GNU_SOURCE',
  '-O1',
  '-Wall',
  '-Wextra',
  '-fno-pie',
  '-fno-stack-protector',
  '-march=i686',
];

export interface Compiler {
  command: string;
  /** First line of its --version: part of what decides the bytes. */
  version: string;
}

/** The machine's gcc on x86, a cross compiler elsewhere. Errors: `guest-build-failed`. */
export async function findCompiler(): Promise<Compiler> {
  const candidates = ['x64', 'ia32'].includes(process.arch) ? ['gcc'] : ['i686-linux-gnu-gcc'];
  for (const command of candidates) {
    const result = await runCommand(command, ['--version']);
    if (result.status === 0) return { command, version: result.stdout.toString('utf8').split('\n')[0] ?? '' };
  }
  throw new DecoupleError(
    'guest-build-failed',
    `The guest's programs need a C compiler for i386, and ${candidates.join(' or ')} is not here.`,
    candidates[0] === 'gcc' ? 'Install the package gcc (or g++).' : 'Install the package gcc-i686-linux-gnu.',
  );
}

/**
 * Compiles one program, or takes it from the cache.
 *
 * @param packages those of COMPILER_PACKAGES, fetched
 * @param cacheDir directory for finished programs
 * @returns path of the ELF file, named after the program
 */
export async function compileProgram(
  program: ProgramSpec,
  compiler: Compiler,
  packages: FetchedPackage[],
  cacheDir: string,
): Promise<string> {
  const inputs = [
    [basename(program.path), compiler.version, ...COMMON_FLAGS, ...program.flags],
    packages.map((each) => each.sha256),
    sourceFiles(program.source).map((path) => [basename(path), sha256(readSource(path))]),
  ];
  const directory = join(cacheDir, sha256(JSON.stringify(inputs)).slice(0, 32));
  const target = join(directory, basename(program.path));
  if (existsSync(target)) return target;
  await makeDirectory(directory, async (scratch) => {
    const output = join(scratch, basename(program.path));
    const args = [...compileArguments(await includeDirectory(compiler), packages, program), '-o', output];
    const readable = [...sourceFiles(program.source), ...packages.map((each) => each.files)];
    const place = { readable, writable: scratch, cwd: dirname(program.source) };
    const result = await runWithin(place, compiler.command, args);
    if (result.status !== 0 || (isOurs(program) && result.stderr.includes('warning:')))
      throw compileError(program, result.stderr);
  });
  return target;
}

/** The project's own programs compile without a warning. */
const isOurs = ({ source }: ProgramSpec): boolean => source.startsWith(join(projectRoot(), 'guests', 'programs'));

function compileError(program: ProgramSpec, output: string): DecoupleError {
  return new DecoupleError(
    'guest-build-failed',
    `${program.source} cannot be compiled for i386.`,
    'Correct the program; with gcc older than 12 install a newer one.',
    { details: output },
  );
}

/** The C file and the project's own headers beside it. */
export function sourceFiles(source: string): string[] {
  if (!existsSync(source)) {
    throw new DecoupleError('guest-build-failed', `${source} does not exist.`, 'Correct the path in the guest spec.');
  }
  const headers = [
    ...readSource(source)
      .toString('utf8')
      .matchAll(/^#include "([\w-][\w.-]*)"/gm),
  ];
  return [source, ...headers.map(([, name = '']) => join(dirname(source), name)).filter(isBesideIt)];
}

/** There, and no link that leads away. */
function isBesideIt(path: string): boolean {
  return existsSync(path) && dirname(realpathSync(path)) === realpathSync(dirname(path));
}

/** Where the compiler keeps its own headers (stddef.h and the like). */
async function includeDirectory(compiler: Compiler): Promise<string> {
  const result = await runCommand(compiler.command, ['-print-file-name=include']);
  return result.stdout.toString('utf8').trim();
}

/** The folder with libgcc.a: one with the version of a compiler as its name. */
function compilerLibrary(roots: string[]): string {
  const folders = roots.map((root) => join(root, 'usr/lib/gcc/i686-linux-gnu')).filter((path) => existsSync(path));
  const found = folders.flatMap((folder) => readdirSync(folder).map((version) => join(folder, version)));
  if (found.length !== 1) throw new Error(`compiler: packages have ${found.length} folders of libgcc`);
  return found[0]!;
}

function compileArguments(compilerInclude: string, packages: FetchedPackage[], program: ProgramSpec): string[] {
  const roots = packages.map((each) => each.files);
  const find = (path: string): string => {
    const root = roots.find((each) => existsSync(join(each, path)));
    if (root === undefined) throw new Error(`compiler: no package has ${path}`);
    return join(root, path);
  };
  const library = dirname(find('usr/lib/i386-linux-gnu/libc.a'));
  const gcc = compilerLibrary(roots);
  const includes = roots.flatMap((root) =>
    ['usr/include/i386-linux-gnu', 'usr/include'].map((each) => join(root, each)),
  );
  return [
    ...['-m32', '-nostdinc', '-isystem', compilerInclude],
    ...includes.filter((path) => existsSync(path)).flatMap((path) => ['-isystem', path]),
    ...COMMON_FLAGS,
    // Nothing of this machine's paths may get into the program.
    ...['-ffile-prefix-map=' + dirname(program.source) + '=.', '-Wl,--build-id=none'],
    ...program.flags,
    ...['-static', '-no-pie', '-nostdlib', `-B${library}`],
    ...[join(library, 'crt1.o'), join(library, 'crti.o'), join(gcc, 'crtbeginT.o')],
    basename(program.source),
    ...[
      `-L${library}`,
      `-L${gcc}`,
      '-lpthread',
      '-Wl,--start-group',
      '-lc',
      '-lgcc',
      '-lgcc_eh',
      '-lm',
      '-Wl,--end-group',
    ],
    ...[join(gcc, 'crtend.o'), join(library, 'crtn.o')],
  ];
}
