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
import { locate, type LocatedBlock, type Module, type Space } from './symbols/index.js';
import { formatTable, grouped, percent, writeReport, type Cell } from './text.js';

/** The offset of a drcov block has 32 bits, its length 16; no simulator makes blocks that long. */
const MAX_BLOCK = 0xffff;

export class CoverageAnalysis implements Analysis {
  readonly name = 'coverage';
  private readonly table = new BlockTable();

  onBatch(batch: BlockBatch): void {
    this.table.add(batch);
  }

  async finish(outputDir: string, context: AnalysisContext): Promise<string[]> {
    const spaces = await locate(this.table.sorted(), context);
    const folder = join(outputDir, 'coverage');
    await mkdir(folder, { recursive: true }).catch((error: unknown) => {
      throw outputError(folder, error);
    });
    const reports = [
      await writeReport(join(outputDir, 'coverage.txt'), summary(spaces)),
      await writeReport(join(outputDir, 'coverage.drcov'), drcovOf(spaces.flatMap(({ blocks }) => blocks))),
    ];
    for (const { label, blocks } of spaces) {
      reports.push(await writeReport(join(folder, `${label}.drcov`), drcovOf(blocks)));
    }
    return reports;
  }
}

/** What is covered of one module, in one address space or in several. */
interface ModuleCoverage {
  module: Module;
  spaces: Set<number>;
  /** By offset from the base: the lengths of blocks that start there. */
  blocks: Map<number, Set<number>>;
  functions: Set<string>;
}

/** Modules by path, most blocks last seen first does not matter: sorted by path, the unknown one last. */
function coverageOf(blocks: readonly LocatedBlock[]): ModuleCoverage[] {
  const byPath = new Map<string, ModuleCoverage>();
  for (const { cr3, pc, size, module, functionName } of blocks) {
    let covered = byPath.get(module.path);
    if (covered === undefined) {
      covered = { module, spaces: new Set(), blocks: new Map(), functions: new Set() };
      byPath.set(module.path, covered);
    }
    covered.spaces.add(cr3);
    if (functionName !== null) covered.functions.add(functionName);
    const offset = pc - module.base;
    const sizes = covered.blocks.get(offset);
    if (sizes === undefined) covered.blocks.set(offset, new Set([Math.min(size, MAX_BLOCK)]));
    else sizes.add(Math.min(size, MAX_BLOCK));
  }
  const rank = ({ path }: Module) => (path === 'vmlinux' ? 0 : path === 'unknown' ? 2 : 1);
  return [...byPath.values()].sort(
    (a, b) => rank(a.module) - rank(b.module) || (a.module.path < b.module.path ? -1 : 1),
  );
}

function drcovOf(blocks: readonly LocatedBlock[]): Buffer {
  const covered = coverageOf(blocks);
  const rows = covered.flatMap((module, index) =>
    ranges(module).map(({ offset, size }): DrcovBlock => ({ module: index, offset, size })),
  );
  return encodeDrcov(
    covered.map(({ module }) => module),
    rows,
  );
}

/** Blocks by offset, then length. */
function ranges({ blocks }: ModuleCoverage): { offset: number; size: number }[] {
  return [...blocks.keys()]
    .sort((a, b) => a - b)
    .flatMap((offset) => [...blocks.get(offset)!].sort((a, b) => a - b).map((size) => ({ offset, size })));
}

/** Bytes in at least one block. */
function bytesCovered(covered: ModuleCoverage): number {
  let bytes = 0;
  let end = -1;
  for (const { offset, size } of ranges(covered)) {
    bytes += Math.max(0, offset + size - Math.max(offset, end));
    end = Math.max(end, offset + size);
  }
  return bytes;
}

function summary(spaces: readonly Space[]): string {
  const modules = coverageOf(spaces.flatMap(({ blocks }) => blocks));
  const total = modules.reduce((sum, module) => sum + bytesCovered(module), 0);
  const blocks = modules.reduce((sum, module) => sum + ranges(module).length, 0);
  const perSpace = spaces.flatMap(({ label, blocks }) =>
    coverageOf(blocks).map((covered): Cell[] => [label, ...moduleCells(covered)]),
  );
  const columns = ['module', 'blocks', 'bytes', 'functions', 'of known'];
  return [
    `Coverage: ${grouped(blocks)} blocks, ${grouped(total)} bytes of code in ${grouped(spaces.length)} address spaces\n`,
    formatTable(
      [...columns, 'spaces'],
      modules.map((covered) => [...moduleCells(covered), covered.spaces.size]),
    ),
    formatTable(['address space', ...columns], perSpace),
  ].join('\n');
}

function moduleCells(covered: ModuleCoverage): Cell[] {
  const { module, functions } = covered;
  const share = module.functions === 0 ? '-' : percent(functions.size, module.functions);
  return [module.path, ranges(covered).length, bytesCovered(covered), functions.size, share];
}
