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
  private rows: Block[] = [];

  add({ length, cr3, pc, size, icount, executions, hash }: BlockBatch): void {
    for (let i = 0; i < length; i++) {
      const instructions = icount[i]! * Number(executions[i]!);
      this.rows.push({ cr3: cr3[i]!, pc: pc[i]!, size: size[i]!, hash: hash[i]!, instructions });
    }
  }

  /** By address space, address, length and code: an order that does not depend on how they came in. */
  sorted(): Block[] {
    // One batch of a simulator that sorts its rows needs neither sorting nor adding up.
    if (this.rows.every((row, i) => i === 0 || compare(this.rows[i - 1]!, row) < 0)) return this.rows;
    const sums: Block[] = [];
    for (const row of this.rows.sort(compare)) {
      const last = sums.at(-1);
      if (last !== undefined && compare(last, row) === 0) last.instructions += row.instructions;
      else sums.push(row);
    }
    return (this.rows = sums);
  }
}

function compare(a: Block, b: Block): number {
  return a.cr3 - b.cr3 || a.pc - b.pc || a.size - b.size || (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0);
}
