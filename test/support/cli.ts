/** Runs the built command line as a user does: a process of its own, its output and its status. */
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

/** The folder of package.json: this file runs as dist/test/support/cli.js. */
export const PROJECT = fileURLToPath(new URL('../../../', import.meta.url));

export interface Outcome {
  status: number | undefined;
  stdout: string;
  stderr: string;
}

/** `decouple` with these arguments, without a terminal and with an empty stdin. */
export async function decouple(args: string[], options: { cwd?: string; timeout?: number } = {}): Promise<Outcome> {
  const { exitCode, stdout, stderr } = await execa('node', [`${PROJECT}bin/decouple.mjs`, ...args], {
    cwd: options.cwd ?? PROJECT,
    timeout: options.timeout ?? 120_000,
    reject: false,
    stdin: 'ignore',
  });
  return { status: exitCode, stdout, stderr };
}
