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

/** `decouple` with these arguments, without a terminal and with an empty stdin if there is no `input` for it. */
export async function decouple(
  args: string[],
  options: { cwd?: string; timeout?: number; input?: Uint8Array; env?: Record<string, string> } = {},
): Promise<Outcome> {
  const { exitCode, stdout, stderr } = await execa('node', [`${PROJECT}bin/decouple.mjs`, ...args], {
    cwd: options.cwd ?? PROJECT,
    timeout: options.timeout ?? 120_000,
    env: options.env ?? {},
    reject: false,
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
  });
  return { status: exitCode, stdout, stderr };
}
