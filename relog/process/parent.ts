/**
 * Runs a stage that holds a machine in a process of its own: what a guest does to the engine costs an error message,
 * not the caller.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isStandardInput } from '../../formats/container/index.js';
import { DecoupleError, EXIT_STATUS, type ErrorCode } from '../../formats/errors.js';
import type { StageOptions } from '../api.js';
import type { runHere } from './here.js';
import type { StageName, ToChild, ToParent } from './protocol.js';

export interface StageCallbacks extends StageOptions {
  /** The file that the stage reads, if it reads one. */
  input?: string;
  onConsole?: ((bytes: Uint8Array) => void) | undefined;
  typed?: AsyncIterable<Uint8Array> | null;
}

let here: typeof runHere | null = null;

/**
 * From now on stages run in this process: for tests that run very many, and look after the process themselves.
 * @param run what the stages' own processes do with them
 */
export function stayInThisProcess(run: typeof runHere): void {
  here = run;
}

/** @param options beside the callbacks, plain data as the structured clone algorithm takes it */
export function runStage<T>(stage: StageName, options: StageCallbacks): Promise<T> {
  const { onProgress, onConsole, signal, typed, ...plain } = options;
  signal?.throwIfAborted();
  if (here !== null)
    return here(stage, plain, { onProgress, onConsole, signal, listen: () => undefined }) as Promise<T>;
  const child = fork(fileURLToPath(new URL('child.js', import.meta.url)), [], {
    serialization: 'advanced',
    // Standard input is the stage's only when that is what it reads: a terminal's keys come through messages.
    stdio: [
      plain.input !== undefined && isStandardInput(plain.input) ? 'inherit' : 'ignore',
      'inherit',
      'inherit',
      'ipc',
    ],
    execArgv: ['--max-old-space-size=4096'],
  });
  const say = (message: ToChild): void => {
    if (child.connected) child.send(message);
  };
  const abort = (): void => say({ kind: 'abort' });
  signal?.addEventListener('abort', abort);
  // Who asks twice does not wait for the end: the machine may be in a loop that hears nothing.
  const onExit = (status: number): void => {
    if (status === EXIT_STATUS.interrupted) child.kill('SIGKILL');
  };
  process.on('exit', onExit);
  return new Promise<T>((resolve, reject) => {
    child.on('message', (message: ToParent) => {
      if (message.kind === 'progress') onProgress?.(message.progress);
      else if (message.kind === 'console') onConsole?.(message.bytes);
      else if (message.kind === 'result') resolve(message.result as T);
      else reject(errorFrom(message));
    });
    child.on('error', reject);
    child.on('exit', (status, killer) => reject(died(stage, status, killer)));
    say({ kind: 'start', stage, options: plain });
    if (typed) void forward(typed, say);
  }).finally(() => {
    signal?.removeEventListener('abort', abort);
    process.off('exit', onExit);
    if (child.connected) child.disconnect();
  });
}

async function forward(input: AsyncIterable<Uint8Array>, say: (message: ToChild) => void): Promise<void> {
  for await (const bytes of input) say({ kind: 'input', bytes });
  say({ kind: 'input', bytes: null });
}

function errorFrom(message: ToParent & { kind: 'error' }): Error {
  if (message.code === null) return Object.assign(new Error(message.message), { stack: message.stack });
  const error = new DecoupleError(message.code as ErrorCode, message.message, message.advice);
  error.stack = message.stack;
  return error;
}

function died(stage: StageName, status: number | null, signal: NodeJS.Signals | null): DecoupleError {
  const how = signal === null ? `status ${status}` : signal;
  return new DecoupleError(
    'engine-died',
    `The machine's process ended unexpectedly (${how}).`,
    stage === 'record'
      ? 'The recording is valid up to its last frame: replay, relog and analyse it.'
      : 'Try again with more memory; if it happens again, report the recording.',
  );
}
