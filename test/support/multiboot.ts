/** Small kernels by the multiboot specification, whose header has their addresses. */
import { assemble } from '../engines/unicorn/support/assembler.js';

export const LOAD = 0x100000;

/** @param code in the assembler's language, of 32 bits, from `start` on; up to 64 KiB behind LOAD are its own */
export function multibootKernel(code: string): Uint8Array {
  const source = `
.code32
header:
  .long 0x1badb002, 0x10003, -(0x1badb002 + 0x10003)
  .long ${LOAD}, ${LOAD}, 0, ${LOAD} + 0x10000, ${LOAD} + start - header
start:
${code}`;
  return assemble(source, LOAD).bytes;
}
