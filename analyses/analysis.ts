/**
 * What an analysis sees and gives. It sees retired work alone: nothing of an instruction that faulted and is tried
 * again, so that adding up what it sees gives exactly the instructions of the run. It sees it in batches: single
 * instructions are for the simulator's own code.
 */
import type { RamRegion } from '../formats/state.js';

/**
 * Blocks of code that ran, one in each row of the columns. A block may come in several rows and several batches; the
 * order of rows says nothing.
 */
export interface BlockBatch {
  /** Rows. */
  length: number;
  /** Physical address of the page directory: which address space it ran in. */
  cr3: ArrayLike<number>;
  /** Linear address of the first instruction. */
  pc: ArrayLike<number>;
  /** Bytes of code from the first instruction that retired to the end of the last one. */
  size: ArrayLike<number>;
  /** Instructions that retire each time the row's block runs. */
  icount: ArrayLike<number>;
  /** How many times it ran. */
  executions: ArrayLike<number | bigint>;
  /** FNV-1a, 64 bits, of the bytes of code. */
  hash: ArrayLike<bigint>;
}

/** The guest at the end of the run, and what is known about it from outside. */
export interface AnalysisContext {
  /** Ranges of physical memory that are RAM, ascending. */
  ram: readonly RamRegion[];
  /**
   * Bytes of RAM at the end of the run.
   * @param address physical, within one of `ram` from its first byte to its last
   */
  readPhysical(address: number, length: number): Uint8Array;
  /** ELF files that may have run in the guest, for the names of their functions. */
  programs: readonly Program[];
}

/** An ELF file on the host, and the path it has in the guest (for reports). */
export interface Program {
  guestPath: string;
  elf: string;
}

export interface Analysis {
  readonly name: string;
  onBatch(batch: BlockBatch): void;
  /**
   * Writes the reports: the same rows in any order and batches give the same bytes.
   * @param outputDir folder that exists
   * @returns paths of the files written
   * @throws DecoupleError write-failed, file-missing, file-unreadable, wrong-kind (a program that is no ELF file)
   */
  finish(outputDir: string, context: AnalysisContext): Promise<string[]>;
}
