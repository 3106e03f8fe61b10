/** Text of reports: numbers, tables and files. */
import { writeFile } from 'node:fs/promises';
import { outputError } from '../formats/errors.js';

/** Eight digits, without 0x. */
export function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}

/** `1234567` → `1,234,567`; the same on every computer. */
export function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

/** How many of something: `1 block`, `1,234 blocks`. */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** Share of `part` in `whole` with two digits after the point: `12.34%`. */
export function percent(part: number, whole: number): string {
  return whole === 0 ? '0.00%' : `${((part / whole) * 100).toFixed(2)}%`;
}

export type Cell = string | number;

/** Columns of equal width; numbers to the right, text to the left. */
export function formatTable(head: string[], rows: Cell[][]): string {
  const numeric = head.map((_, column) => rows.some((row) => typeof row[column] === 'number'));
  const lines = [head, ...rows.map((row) => row.map((cell) => (typeof cell === 'number' ? grouped(cell) : cell)))];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) => {
      const cells = line.map((cell, i) => (numeric[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)));
      return `${cells.join('  ').trimEnd()}\n`;
    })
    .join('');
}

/** @throws DecoupleError write-failed */
export async function writeReport(path: string, content: string | Uint8Array): Promise<string> {
  try {
    await writeFile(path, content);
  } catch (error) {
    throw outputError(path, error);
  }
  return path;
}
