/** The harness as a program: compiled once, for guests and for this computer. */
import { join } from 'node:path';
import { execa } from 'execa';
import { PROJECT } from '../support/cli.js';

const SOURCE = join(PROJECT, 'test/torture/harness.c');
/** Of programs that have no library. */
export const FREESTANDING = [
  ...['-m32', '-nostdlib', '-static', '-ffreestanding', '-fno-pic', '-fno-pie', '-no-pie', '-fno-stack-protector'],
  ...['-fcf-protection=none', '-mgeneral-regs-only', '-O2', '-Wall', '-Wextra', '-Werror'],
];
const HOST_TIMEOUT_MS = 60_000;

/** Compiles it into a folder. @returns its path */
export async function compileHarness(folder: string): Promise<string> {
  const program = join(folder, 'harness');
  await execa('gcc', [...FREESTANDING, '-o', program, SOURCE]);
  return program;
}

/** What the rows of a file do on this computer's processor, by row; null where it runs no 32-bit programs. */
export async function runOnHost(program: string, rows: string): Promise<string[] | null> {
  const { exitCode, stdout } = await execa(program, [rows], { reject: false, timeout: HOST_TIMEOUT_MS });
  return exitCode === 0 ? sumsOf(stdout) : null;
}

/** The sums that the harness prints, in the order of the rows. */
export function sumsOf(output: string): string[] {
  return output
    .split('\n')
    .filter((line) => /^[0-9a-f]{8} [0-9a-f]{8}$/.test(line))
    .map((line) => line.slice(9));
}
