/**
 * What a command prints: results on stdout, for people or (`--json`) for machines; all the rest on stderr. Everything but the guest's
 * console passes here.
 */
import { once } from 'node:events';
import { EXIT_STATUS, exitStatus, DecoupleError } from '../formats/errors.js';
import { schemaOf, type JsonName, type JsonResults } from './json.js';
import { besideProgress } from './progress.js';
import { isQuiet, isVerbose } from './verbosity.js';
import { printable, printableJson, printableLine } from './printable.js';
import { wrap } from './wrap.js';

/**
 * Prints a command's result: one JSON object on one line with `--json`, else the text.
 * @param name of the result, which says what its fields are
 */
export function printResult<N extends JsonName>(json: boolean, name: N, result: JsonResults[N], text: string): void {
  if (json) printJson(name, result);
  else process.stdout.write(printable(text.endsWith('\n') ? text : `${text}\n`));
}

function printJson<N extends JsonName>(name: N, value: JsonResults[N]): void {
  process.stdout.write(`${printableJson(JSON.stringify({ schema: schemaOf(name), ...value }))}\n`);
}

/**
 * Writes a piece of a long result, which is JSON; comes back when stdout has room for the next one and others had their turn.
 * @throws AbortError when the signal comes while there is no room
 */
export async function writeResult(text: string, signal?: AbortSignal): Promise<void> {
  if (text !== '' && !process.stdout.write(printableJson(text)))
    await once(process.stdout, 'drain', signal && { signal });
  else await new Promise((resolve) => setImmediate(resolve));
}

/** A line for the person at the terminal, which is no part of the result; not with `--quiet`. */
export function printNote(line: string): void {
  if (isQuiet()) return;
  besideProgress(() => process.stderr.write(`${wrap(printableLine(line), process.stderr)}\n`));
}

/** A line for who asks for more, with `--verbose`. */
export function printDetail(line: string): void {
  if (isVerbose()) printNote(line);
}

/** Lines below a title, each within. */
export function formatList(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${title}\n${lines.map((line) => `  ${printableLine(line)}\n`).join('')}`;
}

/** Names and values in two columns, names padded to the longest. */
export function formatPairs(pairs: [string, string][]): string {
  const shown = pairs.map(([name, value]) => [printableLine(name), printableLine(value)] as const);
  const width = Math.max(...shown.map(([name]) => name.length));
  const at = width + 2;
  return shown.map(([name, value]) => `${name.padEnd(at)}${wrap(value, process.stdout, at, at)}\n`).join('');
}

/**
 * Prints what went wrong and what to do about it.
 * @returns the exit status
 */
export function reportError(error: unknown, { json, debug }: { json: boolean; debug: boolean }): number {
  const known = error instanceof DecoupleError;
  const message = known ? error.message : `internal error: ${error instanceof Error ? error.message : String(error)}`;
  const advice = known ? error.advice : 'This is a bug in decouple; --debug shows where.';
  const details = known ? error.details.trim() : '';
  const lines = `decouple: ${within(`${message}\n${details}`.trimEnd())}\n${within(advice)}`.split('\n');
  process.stderr.write(lines.map((line) => `${wrap(line, process.stderr)}\n`).join(''));
  if (debug) process.stderr.write(`\n${stacks(error)}\n`);
  const code = known ? error.code : 'internal';
  if (json) printJson('error', { error: { code, message, advice, ...(details !== '' && { details }) } });
  return known ? exitStatus(error.code) : EXIT_STATUS.internal;
}

/** Lines after the first one are within: a line break in a name makes none that looks like ours. */
function within(text: string): string {
  return printable(text).replaceAll('\n', '\n  ');
}

/** Stack of the error and of everything that caused it. */
function stacks(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? error.message;
  return error.cause === undefined ? own : `${own}\ncaused by: ${stacks(error.cause)}`;
}
