/** Starts the process of a stage, within its confinement if there is one. */
import { fork, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Confinement } from './confinement.js';

export interface StageProcess {
  child: ChildProcess;
  /** At once, whatever it does. */
  kill: () => void;
}

const ENTRY = fileURLToPath(new URL('child.js', import.meta.url));
const NODE_OPTIONS = ['--max-old-space-size=4096'];
/** Numbers of files that bubblewrap is given: the filter of system calls, and where it says what it started. */
const FILTER = 4;
const STATUS = 5;

/** @param readsInput the stage reads standard input; a terminal's keys come through messages */
export function startProcess(readsInput: boolean, confinement: Confinement | null): StageProcess {
  const serialization = 'advanced';
  const stdio = [readsInput ? 'inherit' : 'ignore', 'inherit', 'inherit', 'ipc'] as const;
  if (confinement === null) {
    const child = fork(ENTRY, [], { serialization, stdio: [...stdio], execArgv: NODE_OPTIONS });
    return { child, kill: () => child.kill('SIGKILL') };
  }
  const { program, args, environment, filter } = confinement;
  const filtered = filter === null ? [] : ['--seccomp', String(FILTER)];
  const child = fork(ENTRY, [], {
    ...{ serialization, stdio: [...stdio, 'pipe', 'pipe'], env: environment },
    // A terminal's signals are for this process; and who has a terminal could type there.
    detached: true,
    execPath: program,
    execArgv: [...args, ...filtered, '--json-status-fd', String(STATUS), '--', process.execPath, ...NODE_OPTIONS],
  });
  const pipes = child.stdio as unknown as Socket[];
  const [filterPipe, statusPipe] = [pipes[FILTER]!, pipes[STATUS]!];
  filterPipe.on('error', () => undefined);
  filterPipe.end(filter ?? Buffer.alloc(0));
  let inner: number | null = null;
  let text = '';
  statusPipe.on('error', () => undefined);
  statusPipe.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1');
    inner ??= Number(/"child-pid": *(\d+)/.exec(text)?.[1] ?? NaN) || null;
  });
  statusPipe.unref();
  const kill = (): void => {
    // The first process of its own numbers takes all others with it.
    if (inner !== null) process.kill(inner, 'SIGKILL');
    child.kill('SIGKILL');
  };
  return { child, kill };
}
