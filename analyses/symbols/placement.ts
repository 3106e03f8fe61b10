/**
 * Which programs ran in an address space, and where they were loaded: told by the code that ran. A block belongs to a
 * file when the file has, at the block's address, bytes with the block's hash. For a file that can be loaded anywhere
 * the blocks vote: each counts for every page of the file where its code would fit.
 */
import type { Block } from '../blocks.js';
import { fnv1a64 } from '../fnv.js';
import type { ElfFile } from './elf.js';

export interface LoadedProgram {
  guestPath: string;
  file: ElfFile;
}

/** A program in one address space. */
export interface Placement extends LoadedProgram {
  /** What to add to an address of the file to get the linear address. */
  delta: number;
  /** Bytes of code that ran and are the file's. */
  score: number;
}

const PAGE = 0x1000;
/** Shorter blocks are alike everywhere (`ret`, `jmp`): they prove nothing. */
const TELLING_SIZE = 12;
/** Two telling blocks or more: one alone may be a coincidence. */
const MIN_SCORE = 48;
/** Blocks that vote: enough to be sure, few enough to be quick with large libraries. */
const VOTERS = 48;

export class Placer {
  /** Where files were found before: processes forked from one another have them at the same place. */
  private readonly seen = new Map<ElfFile, Set<number>>();

  constructor(private readonly programs: readonly LoadedProgram[]) {}

  /**
   * @param blocks those of one address space, in user space
   * @returns the programs that ran there, the one with most code first
   */
  place(blocks: readonly Block[]): Placement[] {
    const telling = blocks.filter(({ size }) => size >= TELLING_SIZE);
    return this.programs
      .map((program) => this.placeOne(program, telling))
      .filter((placement) => placement !== null)
      .sort((a, b) => b.score - a.score || (a.guestPath < b.guestPath ? -1 : 1));
  }

  private placeOne(program: LoadedProgram, telling: readonly Block[]): Placement | null {
    const { file } = program;
    if (!file.relocatable) return scored(program, 0, telling);
    const seen = this.seen.get(file) ?? new Set<number>();
    this.seen.set(file, seen);
    const known = [...seen].map((delta) => scored(program, delta, telling)).filter((found) => found !== null);
    if (known.length > 0) return known.reduce((best, other) => (other.score > best.score ? other : best));
    const delta = elect(file, telling);
    const found = delta === null ? null : scored(program, delta, telling);
    if (found !== null) seen.add(found.delta);
    return found;
  }
}

/** True when the code of `block` is what `file`, loaded with `delta`, has there. */
export function isFrom(file: ElfFile, delta: number, { pc, size, hash }: Block): boolean {
  const code = file.codeAt(pc - delta, size);
  return code !== null && fnv1a64(code) === hash;
}

function scored(program: LoadedProgram, delta: number, telling: readonly Block[]): Placement | null {
  let score = 0;
  for (const block of telling) if (isFrom(program.file, delta, block)) score += block.size;
  return score >= MIN_SCORE ? { ...program, delta, score } : null;
}

/** The delta that most of the longest blocks agree on; of several the lowest. */
function elect(file: ElfFile, telling: readonly Block[]): number | null {
  const votes = new Map<number, number>();
  const voters = [...telling].sort((a, b) => b.size - a.size || a.pc - b.pc).slice(0, VOTERS);
  for (const block of voters) {
    for (const delta of candidates(file, block)) votes.set(delta, (votes.get(delta) ?? 0) + block.size);
  }
  const ranked = [...votes].sort(([a, aVotes], [b, bVotes]) => bVotes - aVotes || a - b);
  return ranked[0]?.[0] ?? null;
}

/** Every delta, a multiple of a page, at which the file has the block's code. */
function* candidates(file: ElfFile, block: Block): Generator<number> {
  for (const segment of file.code) {
    const first = segment.address + ((((block.pc - segment.address) % PAGE) + PAGE) % PAGE);
    for (let address = first; address + block.size <= segment.address + segment.bytes.length; address += PAGE) {
      const delta = block.pc - address;
      if (delta >= 0 && isFrom(file, delta, block)) yield delta;
    }
  }
}
