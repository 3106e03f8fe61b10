import { spawn } from 'node:child_process';

/**
 * Runs a program to its end and gathers what it prints.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd: string, env?: Record<string, string> }} options
 * @returns {Promise<{ status: number, output: string }>} status 127 when it cannot be started
 */
export function run(program, args, { cwd, env = {} }) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', (error) => resolve({ status: 127, output: error.message }));
    child.on('close', (code) => resolve({ status: code ?? 128, output }));
  });
}

/**
 * The last lines of a program's output, for a message.
 *
 * @param {string} output
 */
export function tail(output, lines = 15) {
  return output.trim().split('\n').slice(-lines).join('\n');
}
