/**
 * Which code ran: drcov files, one for each address space and one for all, and a summary.
 *
 *     coverage.drcov            all address spaces in one
 *     coverage/<space>.drcov    one each
 *     coverage.txt              modules and spaces in numbers
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { outputError } from '../formats/errors.js';
import type { Analysis, AnalysisContext, BlockBatch } from './analysis.js';
import { BlockTable } from './blocks.js';
import { encodeDrcov, type DrcovBlock } from './drcov.js';
import { locate, type LocatedBlock, type Module } from './symbols/index.js';
import { counted, formatTable, percent, writeReport, type Cell } from './text.js';

/** The offset of a drcov block has 32 bits, its length 16; no simulator makes blocks that long. */
const MAX_BLOCK = 0xffff;
const SIZES = MAX_BLOCK + 1;

export class CoverageAnalysis implements Analysis {
  readonly name = 'coverage';
  private readonly table = new BlockTable();

  onBatch(batch: BlockBatch): void {
    this.table.add(batch);
  }

  async finish(outputDir: string, context: AnalysisContext): Promise<string[]> {
    const spaces = await locate(this.table.sorted(), context);
    const covered = spaces.map(({ label, blocks }) => ({ label, modules: coverageOf(blocks) }));
    const all = merged(covered.map(({ modules }) => modules));
    const folder = join(outputDir, 'coverage');
    await mkdir(folder, { recursive: true }).catch((error: unknown) => {
      throw outputError(folder, error);
    });
    const reports = [
      await writeReport(join(outputDir, 'coverage.txt'), summary(all, covered)),
      await writeReport(join(outputDir, 'coverage.drcov'), drcovOf(all)),
    ];
    for (const { label, modules } of covered) {
      reports.push(await writeReport(join(folder, `${label}.drcov`), drcovOf(modules)));
    }
    return reports;
  }
}

/** What is covered of one module, in one address space or in several. */
interface ModuleCoverage {
  module: Module;
  /** Address spaces it is in. */
  spaces: number;
  /** Ascending, each once: offset from the base times SIZES, plus length. */
  blocks: ArrayLike<number> & Iterable<number>;
  functions: Set<string>;
}

interface SpaceCoverage {
  label: string;
  modules: ModuleCoverage[];
}

/** @param blocks those of one address space, in order of address and length */
function coverageOf(blocks: readonly LocatedBlock[]): ModuleCoverage[] {
  const byModule = new Map<Module, ModuleCoverage & { blocks: number[] }>();
  for (const { pc, size, module, functionName } of blocks) {
    let covered = byModule.get(module);
    if (covered === undefined)
      byModule.set(module, (covered = { module, spaces: 1, blocks: [], functions: new Set() }));
    if (functionName !== null) covered.functions.add(functionName);
    const block = (pc - module.base) * SIZES + Math.min(size, MAX_BLOCK);
    if (covered.blocks.at(-1) !== block) covered.blocks.push(block);
  }
  return ordered(byModule.values());
}

/** What is covered of each module in any address space; its addresses are those in the first. */
function merged(spaces: readonly ModuleCoverage[][]): ModuleCoverage[] {
  const byPath = new Map<string, ModuleCoverage[]>();
  for (const covered of spaces.flat()) {
    const same = byPath.get(covered.module.path);
    if (same === undefined) byPath.set(covered.module.path, [covered]);
    else same.push(covered);
  }
  const sums = [...byPath.values()].map((same): ModuleCoverage => {
    const blocks = Float64Array.from(same.flatMap((covered) => [...covered.blocks])).sort();
    const functions = new Set(same.flatMap((covered) => [...covered.functions]));
    const distinct = blocks.filter((block, i) => i === 0 || block !== blocks[i - 1]);
    return { module: same[0]!.module, spaces: same.length, blocks: distinct, functions };
  });
  return ordered(sums);
}

/** The kernel first, then by path, what is unknown last. */
function ordered(modules: Iterable<ModuleCoverage>): ModuleCoverage[] {
  const rank = ({ path }: Module) => (path === 'vmlinux' ? 0 : path === 'unknown' ? 2 : 1);
  return [...modules].sort((a, b) => rank(a.module) - rank(b.module) || (a.module.path < b.module.path ? -1 : 1));
}

function drcovOf(covered: readonly ModuleCoverage[]): Buffer {
  const modules = covered.map(({ module }) => module);
  const rows: DrcovBlock[] = [];
  for (const [module, { blocks }] of covered.entries()) {
    for (const block of blocks) rows.push({ module, offset: Math.floor(block / SIZES), size: block % SIZES });
  }
  return encodeDrcov(modules, rows);
}

/** Bytes in at least one block. */
function bytesCovered({ blocks }: ModuleCoverage): number {
  let bytes = 0;
  let end = -1;
  for (const block of blocks) {
    const offset = Math.floor(block / SIZES);
    const blockEnd = offset + (block % SIZES);
    bytes += Math.max(0, blockEnd - Math.max(offset, end));
    end = Math.max(end, blockEnd);
  }
  return bytes;
}

function summary(all: readonly ModuleCoverage[], spaces: readonly SpaceCoverage[]): string {
  const total = all.reduce((sum, covered) => sum + bytesCovered(covered), 0);
  const blocks = all.reduce((sum, covered) => sum + covered.blocks.length, 0);
  const perSpace = spaces.flatMap(({ label, modules }) =>
    modules.map((covered): Cell[] => [label, ...moduleCells(covered)]),
  );
  const columns = ['module', 'blocks', 'bytes', 'functions', 'of known'];
  return [
    `Coverage: ${counted(blocks, 'block')}, ${counted(total, 'byte')} of code in ${counted(spaces.length, 'address space')}\n`,
    formatTable(
      [...columns, 'spaces'],
      all.map((covered) => [...moduleCells(covered), covered.spaces]),
    ),
    formatTable(['address space', ...columns], perSpace),
  ].join('\n');
}

function moduleCells(covered: ModuleCoverage): Cell[] {
  const { module, functions } = covered;
  const share = module.functions === 0 ? '-' : percent(functions.size, module.functions);
  return [module.path, covered.blocks.length, bytesCovered(covered), functions.size, share];
}
