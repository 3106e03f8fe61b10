/** Names for what ran: from blocks of code to address spaces, modules and functions. */
import type { AnalysisContext } from '../analysis.js';
import type { Block } from '../blocks.js';
import { hex } from '../text.js';
import { findKernel, type Kernel } from './kernel.js';
import { isFrom, Placer, type Placement } from './placement.js';
import { loadPrograms } from './programs.js';

/** A file of code (the kernel, a program, a library), or all the code that belongs to none known. */
export interface Module {
  /** Path in the guest, `vmlinux` for the kernel, `unknown` for the rest. */
  path: string;
  /** Linear addresses in this address space. */
  base: number;
  end: number;
  /** Linear address of its first instruction, 0 when there is none. */
  entry: number;
  /** How many functions are known in it. */
  functions: number;
}

export interface LocatedBlock extends Block {
  module: Module;
  /** Null when the module's symbols do not say. */
  functionName: string | null;
}

/** One address space: what ran with one page directory. */
export interface Space {
  cr3: number;
  /** The programs that ran there and the address of the page directory: `busybox@01234000`. */
  label: string;
  /** In order of address. */
  blocks: LocatedBlock[];
}

const UNKNOWN: Module = { path: 'unknown', base: 0, end: 0xffffffff, entry: 0, functions: 0 };

/** What a guest's symbols are costs seconds to find out; analyses of one run share it. */
const sourcesOf = new WeakMap<AnalysisContext, Promise<Sources>>();

interface Sources {
  kernel: { found: Kernel; module: Module } | null;
  placer: Placer;
}

/**
 * Puts the blocks of a run into their address spaces, and names them.
 * @param blocks in the order of BlockTable.sorted()
 * @throws DecoupleError file-missing, file-unreadable, wrong-kind
 */
export async function locate(blocks: readonly Block[], context: AnalysisContext): Promise<Space[]> {
  let sources = sourcesOf.get(context);
  if (sources === undefined) sourcesOf.set(context, (sources = findSources(context)));
  const { kernel, placer } = await sources;
  return bySpace(blocks).map((own) => locateSpace(own, kernel, placer));
}

async function findSources(context: AnalysisContext): Promise<Sources> {
  const placer = new Placer(await loadPrograms(context.programs));
  const found = findKernel(context);
  if (found === null) return { kernel: null, placer };
  const { start: base, end, functions } = found;
  return {
    kernel: { found, module: { path: 'vmlinux', base, end, entry: base, functions: functions.length } },
    placer,
  };
}

function bySpace(blocks: readonly Block[]): Block[][] {
  const spaces: Block[][] = [];
  for (const block of blocks) {
    const current = spaces.at(-1);
    if (current?.[0]?.cr3 === block.cr3) current.push(block);
    else spaces.push([block]);
  }
  return spaces;
}

function locateSpace(blocks: Block[], kernel: Sources['kernel'], placer: Placer): Space {
  const userEnd = kernel?.found.spaceStart ?? Infinity;
  const user = blocks.filter(({ pc }) => pc < userEnd);
  const placed = placer.place(user).map((placement) => ({ placement, module: moduleOf(placement) }));
  const all = blocks.map((block) => {
    if (block.pc >= userEnd) return locateInKernel(block, kernel!);
    const owner = placed.find(({ placement: { file, delta } }) => isFrom(file, delta, block));
    if (owner === undefined) return located(block, UNKNOWN, null);
    const { file, delta } = owner.placement;
    return located(block, owner.module, file.functions.at(block.pc - delta)?.name ?? null);
  });
  const names = placed.map(({ placement }) => placement.guestPath.replace(/^.*\//, ''));
  const rest = user.length > 0 || kernel === null ? 'unknown' : 'kernel';
  const cr3 = blocks[0]!.cr3;
  const who = names.length > 0 ? names.join('+').replace(/[^\w.+-]/g, '_') : rest;
  return { cr3, label: `${who}@${hex(cr3)}`, blocks: all };
}

function locateInKernel(block: Block, { found, module }: NonNullable<Sources['kernel']>): LocatedBlock {
  if (block.pc < found.start || block.pc >= found.end) return located(block, UNKNOWN, null);
  return located(block, module, found.functions.at(block.pc)?.name ?? null);
}

/** Field by field: there are hundreds of thousands, and a spread takes three times as long. */
function located(block: Block, module: Module, functionName: string | null): LocatedBlock {
  const { cr3, pc, size, hash, instructions } = block;
  return { cr3, pc, size, hash, instructions, module, functionName };
}

function moduleOf({ guestPath, file, delta }: Placement): Module {
  return {
    path: guestPath,
    base: file.base + delta,
    end: file.end + delta,
    entry: file.entry + delta,
    functions: file.functions.length,
  };
}
