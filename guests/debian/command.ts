import { spawn } from 'node:child_process';

export interface CommandResult {
  status: number;
  stdout: Buffer;
  stderr: string;
}

export interface CommandOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Bytes for standard input; none means an empty one. */
  input?: Uint8Array;
}

/**
 * Runs a program to its end. A program that cannot be started at all counts as status 127, as in a shell, so that
 * callers have one case to handle. Messages come in English whatever the user's locale, as callers look at them.
 */
export function runCommand(program: string, args: string[], options: CommandOptions = {}): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, LC_ALL: 'C.UTF-8', ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const stdout: Buffer[] = [];
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
    child.on('error', (error) => resolve({ status: 127, stdout: Buffer.alloc(0), stderr: error.message }));
    child.on('close', (code) => resolve({ status: code ?? 128, stdout: Buffer.concat(stdout), stderr }));
    // A program that ends without reading its input closes the pipe: its status says all there is to say.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input);
  });
}

/** True when `program --version` (or another harmless call) works. */
export async function commandWorks(program: string, args: string[] = ['--version']): Promise<boolean> {
  return (await runCommand(program, args)).status === 0;
}
