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
   * The program with most code comes first; what it explains does not count for the others, so that code which two
   * programs share does not make both of them appear.
   * @param blocks those of one address space, in user space
   */
  place(blocks: readonly Block[]): Placement[] {
    let unexplained = blocks.filter(({ size }) => size >= TELLING_SIZE);
    let candidates = this.programs.flatMap((program) => this.candidate(program, unexplained) ?? []);
    const placed: Placement[] = [];
    for (;;) {
      candidates = candidates
        .map((candidate) => ({ ...candidate, score: scoreOf(candidate, unexplained) }))
        .filter(({ score }) => score >= MIN_SCORE)
        .sort((a, b) => b.score - a.score || (a.guestPath < b.guestPath ? -1 : 1));
      const best = candidates.shift();
      if (best === undefined) return placed;
      placed.push(best);
      unexplained = unexplained.filter((block) => !isFrom(best.file, best.delta, block));
    }
  }

  /** Where the program is, if it is there at all. */
  private candidate(program: LoadedProgram, telling: readonly Block[]): Placement | null {
    const { file } = program;
    if (!file.relocatable) return { ...program, delta: 0, score: 0 };
    const seen = this.seen.get(file) ?? new Set<number>();
    this.seen.set(file, seen);
    const known = [...seen]
      .map((delta) => ({ delta, score: scoreOf({ file, delta }, telling) }))
      .filter(({ score }) => score >= MIN_SCORE)
      .sort((a, b) => b.score - a.score || a.delta - b.delta);
    const delta = known[0]?.delta ?? elect(file, telling);
    if (delta === null) return null;
    seen.add(delta);
    return { ...program, delta, score: 0 };
  }
}

/** True when the code of `block` is what `file`, loaded with `delta`, has there. */
export function isFrom(file: ElfFile, delta: number, { pc, size, hash }: Block): boolean {
  const code = file.codeAt(pc - delta, size);
  return code !== null && fnv1a64(code) === hash;
}

function scoreOf({ file, delta }: Pick<Placement, 'file' | 'delta'>, telling: readonly Block[]): number {
  return telling.reduce((score, block) => score + (isFrom(file, delta, block) ? block.size : 0), 0);
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
function candidates(file: ElfFile, block: Block): number[] {
  const known = (alike.get(file) ?? alike.set(file, new Map()).get(file))!;
  const key = `${block.pc % PAGE} ${block.size} ${block.hash}`;
  let addresses = known.get(key);
  if (addresses === undefined) known.set(key, (addresses = [...addressesOf(file, block)]));
  return addresses.map((address) => block.pc - address).filter((delta) => delta >= 0);
}

/** For each file the addresses of code by its place in a page, length and hash: what one process ran others run too. */
const alike = new WeakMap<ElfFile, Map<string, number[]>>();

/** Every address of the file where its code is the block's, at the same place in a page. */
function* addressesOf(file: ElfFile, block: Block): Generator<number> {
  for (const segment of file.code) {
    const first = segment.address + ((((block.pc - segment.address) % PAGE) + PAGE) % PAGE);
    for (let address = first; address + block.size <= segment.address + segment.bytes.length; address += PAGE) {
      if (isFrom(file, block.pc - address, block)) yield address;
    }
  }
}
