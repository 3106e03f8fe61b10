/**
 * Runs a stage that holds a machine in a process of its own: what a guest does to the engine costs an error message,
 * not the caller.
 */
import { constants } from 'node:os';
import { isStandardInput } from '../../formats/container/index.js';
import { DecoupleError, EXIT_STATUS, hasSystemCode, type ErrorCode } from '../../formats/errors.js';
import type { StageOptions } from '../api.js';
import type { runHere } from './here.js';
import type { Confinement } from './confinement.js';
import { ENDING_SIGNALS } from './signals.js';
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
export async function runStage<T>(stage: StageName, options: StageCallbacks): Promise<T> {
  const { onProgress, onConsole, signal, typed: _typed, ...plain } = options;
  signal?.throwIfAborted();
  if (here !== null)
    return here(stage, plain, { onProgress, onConsole, signal, listen: () => undefined }) as Promise<T>;
  // A process that is itself a stage's never needs it.
  const { confine } = await import('./confinement.js');
  const confinement = await confine(stage, plain);
  try {
    const result = await inItsProcess<T>(stage, options, confinement);
    confinement?.publish();
    return result;
  } catch (error) {
    // What a recording wrote before it failed is of use.
    attempt(
      () => confinement?.publish(),
      () => undefined,
    );
    throw error;
  } finally {
    confinement?.clear();
  }
}

async function inItsProcess<T>(stage: StageName, options: StageCallbacks, confinement: Confinement | null): Promise<T> {
  const { onProgress, onConsole, signal, typed, ...plain } = options;
  const { startProcess } = await import('./start.js');
  // From here on the process is told.
  signal?.throwIfAborted();
  const machine = startProcess(plain.input !== undefined && isStandardInput(plain.input), confinement);
  const { child } = machine;
  const say = (message: ToChild): void => {
    if (child.connected) child.send(message);
  };
  const abort = (): void => say({ kind: 'abort' });
  signal?.addEventListener('abort', abort);
  // Who asks twice does not wait for the end: the machine may be in a loop that hears nothing.
  const onExit = (status: number): void => {
    if (status === EXIT_STATUS.interrupted) machine.kill();
  };
  process.on('exit', onExit);
  return new Promise<T>((resolve, reject) => {
    child.on('message', (message: ToParent) => {
      if (message.kind === 'progress') {
        if (message.progress.bytes > 0) attempt(() => confinement?.grown(), reject);
        onProgress?.(message.progress);
      } else if (message.kind === 'console') onConsole?.(message.bytes);
      else if (message.kind === 'result') resolve(message.result as T);
      else reject(errorFrom(message));
    });
    // What could not be said to a process that is gone: its end is told, too.
    child.on('error', (error) => hasSystemCode(error, 'EPIPE') || reject(error));
    child.on('exit', (status, killer) => {
      // A terminal's signal for all of its processes may reach one that has just begun, and does not know of it yet.
      const asked = ENDING_SIGNALS.some((each) => each === killer) && signal?.aborted === true;
      reject(asked ? (signal.reason as Error) : died(stage, status, killer));
    });
    const claimed = confinement?.claimed === true ? { claimed: true } : {};
    const confined = confinement !== null;
    say({ kind: 'start', stage, options: { ...plain, ...claimed }, processId: child.pid ?? 0, confined });
    if (typed) void forward(typed, say);
  }).finally(() => {
    signal?.removeEventListener('abort', abort);
    process.off('exit', onExit);
    if (child.connected) child.disconnect();
  });
}

function attempt(work: () => void, failed: (error: unknown) => void): void {
  try {
    work();
  } catch (error) {
    failed(error);
  }
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

const SIGNALS = Object.entries(constants.signals) as [NodeJS.Signals, number][];

function died(stage: StageName, status: number | null, killer: NodeJS.Signals | null): DecoupleError {
  // As a shell says it: the process that was started waits for the machine's.
  const signal = killer ?? SIGNALS.find(([, number]) => status === SIGNAL_STATUS + number)?.[0] ?? null;
  if (signal === 'SIGSYS')
    return new DecoupleError(
      'engine-died',
      "The machine's process was stopped: it tried to open a socket, to start a process or to look into one, which it may not.",
      'Report the recording: this is a fault of an engine, or an attack on it (docs/security.md).',
    );
  const how = signal ?? `status ${status}`;
  return new DecoupleError(
    'engine-died',
    `The machine's process ended unexpectedly (${how}).`,
    stage === 'record'
      ? 'The recording is valid up to its last frame: replay, relog and analyse it.'
      : 'Try again with more memory; if it happens again, report the recording.',
  );
}

const SIGNAL_STATUS = 128;
