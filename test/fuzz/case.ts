/** One case: a file, and every command that reads files run on it. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reportError } from '../../cli/output.js';
import { EXIT_STATUS } from '../../formats/errors.js';
import type { Case } from './cases.js';
import type { ReadingCommand } from './commands.js';
import { TakenOutput } from './output.js';

/** What should not have been. */
export interface Finding {
  /** The command, when it was one that did it. */
  command: string;
  what: string;
  detail: string;
}

export interface CaseResult {
  /** How often commands ended with each status. */
  statuses: Record<number, number>;
  findings: Finding[];
}

const STATUSES: ReadonlySet<number> = new Set(
  Object.entries(EXIT_STATUS).flatMap(([name, status]) => (name === 'internal' ? [] : [status])),
);
/** A line of a JavaScript stack, or what Node and sanitizers say before one. */
const STACK = /^\s+at .+[:(]\d+:\d+\)?$|^\w*Error: .*\n\s+at |internal error|Sanitizer/m;
/** What a terminal obeys, or shows in another place: none of it may come out of a file. */
// eslint-disable-next-line no-control-regex
export const STEERS = /[\0-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;
/** Then a command is asked to end, as Ctrl-C does; a file may well say that its guest runs for hours. */
const PATIENCE_MS = 10_000;

/** @param folder exists, and has nothing else in it */
export async function runCase(
  { number, base, bytes }: Case,
  folder: string,
  commands: readonly ReadingCommand[],
  onCommand: (line: string) => void,
): Promise<CaseResult> {
  const file = join(folder, 'in');
  const out = join(folder, 'out');
  writeFileSync(file, bytes);
  mkdirSync(out);
  const statuses: Record<number, number> = {};
  const findings: Finding[] = [];
  for (const command of commands) {
    if (!command.isFor(base, number)) continue;
    onCommand(command.line);
    const output = new TakenOutput();
    const { status, error } = await runCommand(command, file, out);
    const text = output.end();
    statuses[status] = (statuses[status] ?? 0) + 1;
    const what = wrongWith(status, text);
    if (what !== null) findings.push({ command: command.line, what, detail: error ?? text.err.slice(0, 2000) });
  }
  const left = readdirSync(folder).filter((name) => name !== 'in' && name !== 'out');
  if (left.length > 0) findings.push({ command: '', what: 'files beside the output', detail: left.join(' ') });
  if (!readFileSync(file).equals(bytes)) findings.push({ command: '', what: 'the input was changed', detail: '' });
  rmSync(out, { recursive: true });
  return { statuses, findings };
}

async function runCommand(
  { run, store }: ReadingCommand,
  file: string,
  out: string,
): Promise<{ status: number; error: string | null }> {
  if (store === null) delete process.env['DECOUPLE_STORE'];
  else process.env['DECOUPLE_STORE'] = store;
  process.exitCode = EXIT_STATUS.ok;
  const timer = setTimeout(() => process.emit('SIGINT'), PATIENCE_MS);
  try {
    await run(file, out);
    return { status: process.exitCode, error: null };
  } catch (error) {
    return {
      status: reportError(error, { json: false, debug: false }),
      error: (error as Error).stack ?? String(error),
    };
  } finally {
    clearTimeout(timer);
    process.exitCode = EXIT_STATUS.ok;
  }
}

function wrongWith(status: number, { out, err }: { out: string; err: string }): string | null {
  if (status === EXIT_STATUS.internal) return 'an internal error';
  if (!STATUSES.has(status)) return `status ${status}, which means nothing`;
  if (STACK.test(err) || STACK.test(out)) return 'a stack in what it says';
  if (STEERS.test(out) || STEERS.test(err)) return 'a control character in what it says';
  // diff and doctor say it on stdout.
  if (status !== EXIT_STATUS.ok && out === '' && !err.startsWith('decouple: ') && !err.includes('\ndecouple: ')) {
    return 'nothing said of what went wrong';
  }
  return null;
}
