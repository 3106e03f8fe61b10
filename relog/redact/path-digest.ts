/** What of a run has to stay: which instructions ran, how often, in which address space. */
import { createHash } from 'node:crypto';
import type { BlockBatch } from '../../engines/unicorn/index.js';

export function pathDigest({ cr3, pc, size, icount, executions, hash }: BlockBatch): string {
  const digest = createHash('sha256');
  for (const column of [cr3, pc, size, icount, executions, hash]) {
    digest.update(`${column.length}:`).update(new Uint8Array(column.buffer, column.byteOffset, column.byteLength));
  }
  return digest.digest('base64');
}
