/** The blocks of a run added up: each address space, address, length and code in one row. */
import type { BlockBatch } from './analysis.js';

export interface Block {
  cr3: number;
  pc: number;
  size: number;
  hash: bigint;
  /** Instructions retired in it, in all. */
  instructions: number;
}

export class BlockTable {
  private readonly blocks: Block[] = [];
  /** By address space, then by address and length; blocks that differ in their code alone are in one list. */
  private readonly spaces = new Map<number, Map<number, Block[]>>();

  add({ length, cr3, pc, size, icount, executions, hash }: BlockBatch): void {
    for (let i = 0; i < length; i++) {
      const block = this.find(cr3[i]!, pc[i]!, size[i]!, hash[i]!);
      block.instructions += icount[i]! * Number(executions[i]!);
    }
  }

  /** By address space, address, length and code: an order that does not depend on how they came in. */
  sorted(): Block[] {
    return this.blocks.sort(
      (a, b) => a.cr3 - b.cr3 || a.pc - b.pc || a.size - b.size || (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0),
    );
  }

  private find(cr3: number, pc: number, size: number, hash: bigint): Block {
    let space = this.spaces.get(cr3);
    if (space === undefined) this.spaces.set(cr3, (space = new Map<number, Block[]>()));
    // 32 bits of address and at most 20 of length fit a double's 53.
    const key = pc * 2 ** 20 + size;
    let same = space.get(key);
    if (same === undefined) space.set(key, (same = []));
    let block = same.find((candidate) => candidate.hash === hash);
    if (block === undefined) {
      block = { cr3, pc, size, hash, instructions: 0 };
      same.push(block);
      this.blocks.push(block);
    }
    return block;
  }
}
