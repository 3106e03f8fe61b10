/** A made-up run of a whole system: a kernel with symbols in RAM, two programs and a library in two address spaces. */
import type { AnalysisContext, Program } from '../../analyses/analysis.js';
import type { Block } from '../../analyses/blocks.js';
import { buildKallsyms } from './kallsyms.js';
import { ANYWHERE, AT_FIXED_ADDRESS, blocksOf, compile, parseElf } from './programs.js';

export const KERNEL = 0xc1000000;
export const KERNEL_FUNCTIONS = 1200;
export const FUNCTION_BYTES = 32;
/** Page directories of the two processes, and where the library is in the second. */
export const FIRST = 0x01000000;
export const SECOND = 0x02000000;
export const LIBRARY_AT = 0xb7500000;

export interface System {
  context: AnalysisContext;
  /** Everything that ran, one block a row. */
  blocks: Block[];
}

export async function makeSystem(folder: string): Promise<System> {
  const editor = await compile(folder, 'editor', 1, AT_FIXED_ADDRESS);
  const server = await compile(folder, 'server', 2, AT_FIXED_ADDRESS);
  const library = await compile(folder, 'library.so', 3, ANYWHERE);
  const programs: Program[] = [
    { guestPath: '/usr/bin/editor', elf: editor },
    { guestPath: '/usr/sbin/server', elf: server },
    { guestPath: '/lib/library.so', elf: library },
  ];
  const kernel = (cr3: number, index: number, instructions: number): Block => {
    return { cr3, pc: KERNEL + index * FUNCTION_BYTES, size: 10, hash: BigInt(index), instructions };
  };
  const blocks = [
    ...blocksOf(parseElf(editor), 0, FIRST, 16, 3),
    ...blocksOf(parseElf(server), 0, SECOND, 16, 5),
    ...blocksOf(parseElf(library), LIBRARY_AT, SECOND, 16, 7),
    kernel(FIRST, 100, 1000),
    kernel(SECOND, 100, 2000),
    kernel(SECOND, 101, 50),
    { cr3: SECOND, pc: 0xf8001234, size: 20, hash: 1n, instructions: 11 },
    { cr3: FIRST, pc: 0x00100000, size: 20, hash: 2n, instructions: 13 },
  ];
  return { context: { ...kernelMemory(), programs }, blocks };
}

function kernelMemory(): Omit<AnalysisContext, 'programs'> {
  const names = Array.from({ length: KERNEL_FUNCTIONS }, (_, i) => `kernel_function_${i}`);
  names.splice(0, 2, '_stext', 'start_kernel');
  names.push('_etext');
  const symbols = names.map((name, i) => ({ address: KERNEL + i * FUNCTION_BYTES, type: 'T', name }));
  const bytes = Buffer.alloc(1 << 20);
  buildKallsyms(symbols, 'relative').copy(bytes, 0x8000);
  return {
    ram: [{ start: 0, size: bytes.length }],
    readPhysical: (address, length) => bytes.subarray(address, address + length),
  };
}
