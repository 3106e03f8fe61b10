/**
 * Where instructions went, by address space, module and function. Exact, not sampled: the rows add up to the
 * instructions of the run.
 *
 *     profile.tsv       every function that ran
 *     profile.txt       address spaces, modules, and the functions with most instructions
 *     profile.folded    for flame graphs: `space;module;function instructions`
 */
import { join } from 'node:path';
import type { Analysis, AnalysisContext, BlockBatch } from './analysis.js';
import { BlockTable } from './blocks.js';
import { locate, type LocatedBlock, type Space } from './symbols/index.js';
import { counted, formatTable, hex, percent, writeReport, type Cell } from './text.js';

/** Functions in the text; the table has all. */
const TOP = 40;
const PAGE = 0x1000;

interface Row {
  space: string;
  module: string;
  functionName: string;
  instructions: number;
}

export class ProfileAnalysis implements Analysis {
  readonly name = 'profile';
  private readonly table = new BlockTable();

  onBatch(batch: BlockBatch): void {
    this.table.add(batch);
  }

  async finish(outputDir: string, context: AnalysisContext): Promise<string[]> {
    const rows = (await locate(this.table.sorted(), context)).flatMap(rowsOf);
    const file = (extension: string) => join(outputDir, `profile.${extension}`);
    return [
      await writeReport(file('txt'), formatText(rows)),
      await writeReport(file('tsv'), formatTsv(rows)),
      await writeReport(file('folded'), formatFolded(rows)),
    ];
  }
}

/** One row a function. */
function rowsOf({ label, blocks }: Space): Row[] {
  const rows = new Map<string, Row>();
  for (const block of blocks) {
    const functionName = block.functionName ?? placeOf(block);
    const key = `${block.module.path}\n${functionName}`;
    const row = rows.get(key);
    if (row !== undefined) row.instructions += block.instructions;
    else rows.set(key, { space: label, module: block.module.path, functionName, instructions: block.instructions });
  }
  return [...rows.values()];
}

/** For code without a name: the page it is in, as an offset in its module. */
function placeOf({ pc, module }: LocatedBlock): string {
  const offset = pc - module.base;
  return `[${hex(offset - (offset % PAGE))}]`;
}

/** Most instructions first; equal ones in the order of their names. */
function ranked(rows: Iterable<Row>): Row[] {
  const key = ({ space, module, functionName }: Row) => `${space}\n${module}\n${functionName}`;
  return [...rows].sort((a, b) => b.instructions - a.instructions || (key(a) < key(b) ? -1 : 1));
}

/** Rows with the same `name` added up. */
function grouping(rows: Row[], name: (row: Row) => Partial<Row>): Row[] {
  const groups = new Map<string, Row>();
  for (const row of rows) {
    const named = { space: '', module: '', functionName: '', ...name(row) };
    const key = `${named.space}\n${named.module}\n${named.functionName}`;
    const group = groups.get(key);
    if (group !== undefined) group.instructions += row.instructions;
    else groups.set(key, { ...named, instructions: row.instructions });
  }
  return ranked(groups.values());
}

function formatTsv(rows: Row[]): string {
  const total = sum(rows);
  const lines = ranked(rows).map(({ space, module, functionName, instructions }) =>
    [instructions, percent(instructions, total), space, module, functionName].join('\t'),
  );
  return ['instructions\tshare\tspace\tmodule\tfunction', ...lines, ''].join('\n');
}

function formatFolded(rows: Row[]): string {
  const frame = (name: string) => name.replace(/[;\s]/g, '_');
  return rows
    .map(({ space, module, functionName, instructions }) => {
      return `${[space, module, functionName].map(frame).join(';')} ${instructions}\n`;
    })
    .sort()
    .join('');
}

function formatText(rows: Row[]): string {
  const total = sum(rows);
  const table = (names: string[], groups: Row[], cells: (row: Row) => Cell[]) =>
    formatTable(
      ['instructions', 'share', ...names],
      groups.map((row) => [row.instructions, percent(row.instructions, total), ...cells(row)]),
    );
  const spaces = grouping(rows, ({ space }) => ({ space }));
  const modules = grouping(rows, ({ module }) => ({ module }));
  const functions = grouping(rows, ({ module, functionName }) => ({ module, functionName }));
  return [
    `Profile: ${counted(total, 'instruction')} in ${counted(functions.length, 'function')}, ${counted(spaces.length, 'address space')}\n`,
    table(['module'], modules, ({ module }) => [module]),
    table(['address space'], spaces, ({ space }) => [space]),
    table(['module', 'function'], functions.slice(0, TOP), ({ module, functionName }) => [module, functionName]),
  ].join('\n');
}

function sum(rows: Row[]): number {
  return rows.reduce((total, { instructions }) => total + instructions, 0);
}
