/** Runs cases in processes that may die, hang, or take too much memory: that is what they are watched for. */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Bases } from './bases.js';
import type { Finding } from './case.js';
import { makeCase, type Inputs } from './cases.js';
import { residentBytes, textOf } from '../support/memory.js';
import type { FromWorker, ToWorker } from './worker.js';

export interface PoolOptions {
  bases: Bases;
  /** For the processes to write in. */
  folder: string;
  inputs: Inputs;
  seed: number;
  /** Numbers of the first case, and of the one after the last. */
  from: number;
  to: number;
  processes: number;
  /** Each case runs one of so many commands. */
  oneIn: number;
  /** Ends it when the cases that run are done. */
  signal?: AbortSignal;
  onCase: (result: PoolCase) => void;
}

export interface PoolCase {
  number: number;
  statuses: Record<number, number>;
  findings: Finding[];
  /** Bytes that its process has had in memory at the most. */
  peak: number;
}

/** Seconds of a processor for all commands of a case: not of time, as the computer may have other things to do. */
const CPU_SECONDS = 90;
/** Bytes of memory of a process, all of what Node takes included. */
export const MEMORY_BYTES = 1 << 30;
const LOOK_MS = 500;
/** A process starts anew after so many: its peak of memory is of its whole life. */
const CASES_PER_PROCESS = 2000;
const FLAGS = ['--max-old-space-size=512', '--max-semi-space-size=32'];

export async function runPool(options: PoolOptions): Promise<void> {
  let next = options.from;
  const take = (): number | null => (next < options.to && options.signal?.aborted !== true ? next++ : null);
  const lanes = Array.from({ length: options.processes }, async (_, lane) => {
    for (let number = take(), life = 0; number !== null; life++) {
      const folder = join(options.folder, `worker-${lane}-${life}`);
      mkdirSync(folder);
      number = await new Life(options, folder, take).run(number);
      rmSync(folder, { recursive: true, force: true });
    }
  });
  await Promise.all(lanes);
}

/** One process, from its start to its end. */
class Life {
  private readonly child: ChildProcess;
  private command = '';
  private number = 0;
  private count = 0;
  private cpuBefore = 0;
  private verdict: Finding | null = null;
  private errors = '';

  constructor(
    private readonly options: PoolOptions,
    private readonly folder: string,
    private readonly take: () => number | null,
  ) {
    this.child = fork(fileURLToPath(new URL('worker.js', import.meta.url)), [], {
      ...{ execArgv: FLAGS, serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc'], cwd: folder },
      env: { ...process.env, DECOUPLE_CACHE: join(folder, 'cache') },
    });
  }

  /** @returns the number to go on with in another process, or null when there is none left */
  run(first: number): Promise<number | null> {
    this.number = first;
    const { child } = this;
    const watch = setInterval(() => this.look(), LOOK_MS);
    child.stderr!.on('data', (text: Buffer) => (this.errors = (this.errors + text.toString()).slice(-4000)));
    return new Promise((resolve) => {
      let over: number | null | undefined;
      child.on('message', (message: FromWorker) => {
        if (message.kind === 'command') this.command = message.line;
        else if (message.kind === 'ready') this.begin(first);
        else {
          over = this.done(message);
          if (over !== undefined) child.disconnect();
        }
      });
      child.on('exit', (status, signal) => {
        clearInterval(watch);
        if (over !== undefined) return resolve(over);
        const how = signal === null ? `status ${status}` : signal;
        const finding = this.verdict ?? {
          command: this.command,
          what: `the process died: ${how}`,
          detail: this.errors,
        };
        this.options.onCase({ number: this.number, statuses: {}, findings: [finding], peak: 0 });
        resolve(this.take());
      });
      this.say({
        kind: 'start',
        options: { bases: this.options.bases, folder: this.folder, oneIn: this.options.oneIn },
      });
    });
  }

  /** @returns undefined: it goes on */
  private done({ number, statuses, findings, peak }: FromWorker & { kind: 'done' }): number | null | undefined {
    const tooMuch = peak > MEMORY_BYTES;
    if (tooMuch) findings.push({ command: '', what: `${peak} bytes of memory`, detail: '' });
    this.options.onCase({ number, statuses, findings, peak });
    const next = this.take();
    if (next === null || tooMuch || ++this.count === CASES_PER_PROCESS) return next;
    this.begin(next);
    return undefined;
  }

  private begin(number: number): void {
    this.number = number;
    const { bases, inputs, seed } = this.options;
    try {
      // Made here: what that takes of memory is nothing of the commands'.
      this.say({ kind: 'case', given: makeCase(bases, inputs, seed, number) });
    } catch (error) {
      // A fault of the fuzzer's own, which is told like any other.
      this.verdict = { command: '', what: 'the case cannot be made', detail: (error as Error).stack ?? String(error) };
      this.child.kill('SIGKILL');
    }
    this.cpuBefore = cpuSeconds(this.child.pid!);
  }

  private look(): void {
    const pid = this.child.pid!;
    const { command } = this;
    const took = cpuSeconds(pid) - this.cpuBefore;
    if (took > CPU_SECONDS) this.verdict = { command, what: `a hang: ${took} seconds of the processor`, detail: '' };
    const bytes = residentBytes(pid);
    if (bytes > 2 * MEMORY_BYTES) this.verdict = { command, what: `${bytes} bytes of memory and more`, detail: '' };
    if (this.verdict !== null) this.child.kill('SIGKILL');
  }

  private say(message: ToWorker): void {
    if (this.child.connected) this.child.send(message);
  }
}

/** Time of the processor, of a process that may be gone (proc(5)). */
function cpuSeconds(pid: number): number {
  const fields = textOf(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ');
  const TICKS = 100;
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS;
}
