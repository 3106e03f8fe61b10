/** Small programs for 32-bit x86, compiled for a test, and the blocks that running them gives. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import type { BlockBatch } from '../../analyses/analysis.js';
import type { Block } from '../../analyses/blocks.js';
import { fnv1a64 } from '../../analyses/fnv.js';
import { ElfFile } from '../../analyses/symbols/elf.js';

/** Functions long enough to be told apart by their code, different for each `seed`. */
function source(seed: number): string {
  const functions = [0, 1, 2, 3].map(
    (i) => `__attribute__((noinline)) ${i === 3 ? 'static ' : ''}int work${seed}_${i}(int a, int b) {
  for (int k = 0; k < ${seed + i + 3}; k++) a = (a ^ (b * ${seed * 7919 + i * 104729 + 1})) + (a >> ${i + 1}) - k * ${seed + 11};
  return a;
}`,
  );
  const calls = [0, 1, 2, 3].map((i) => `x = work${seed}_${i}(x, ${i});`).join(' ');
  return `${functions.join('\n')}\nvoid _start(void) { volatile int x = ${seed}; ${calls} for (;;) ; }\n`;
}

/** @returns path of the ELF file */
export async function compile(folder: string, name: string, seed: number, flags: string[]): Promise<string> {
  const code = join(folder, `${name}.c`);
  const elf = join(folder, name);
  writeFileSync(code, source(seed));
  await execa('gcc', ['-m32', '-O1', '-nostdlib', '-ffreestanding', '-fno-stack-protector', ...flags, '-o', elf, code]);
  return elf;
}

export const AT_FIXED_ADDRESS = ['-static', '-no-pie', '-fno-pie'];
export const ANYWHERE = ['-shared', '-fpic'];

export function parseElf(path: string): ElfFile {
  const file = ElfFile.parse(readFileSync(path));
  if (file === null) throw new Error(`${path} is no ELF file`);
  return file;
}

/** Blocks of `size` bytes that cover all code of a file, loaded with `delta`, each run `instructions` times one. */
export function blocksOf(file: ElfFile, delta: number, cr3: number, size = 16, instructions = 1): Block[] {
  return file.code.flatMap(({ address, bytes }) => {
    const blocks: Block[] = [];
    for (let at = 0; at + size <= bytes.length; at += size) {
      blocks.push({ cr3, pc: address + delta + at, size, hash: fnv1a64(bytes, at, at + size), instructions });
    }
    return blocks;
  });
}

/** One row a block. */
export function batchOf(blocks: readonly Block[]): BlockBatch {
  return {
    length: blocks.length,
    cr3: blocks.map(({ cr3 }) => cr3),
    pc: blocks.map(({ pc }) => pc),
    size: blocks.map(({ size }) => size),
    icount: blocks.map(() => 1),
    executions: blocks.map(({ instructions }) => BigInt(instructions)),
    hash: blocks.map(({ hash }) => hash),
  };
}
