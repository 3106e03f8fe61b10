import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { openInput } from '../../formats/input-file.js';

/** SHA-256 in hex of bytes in memory. */
export function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}

/** SHA-256 in hex of a file, streamed. */
export async function sha256File(path: string): Promise<string> {
  const hash = createHash('sha256');
  // It is closed when it ends.
  await pipeline(createReadStream(path, { fd: openInput(path).fd }), hash);
  return hash.digest('hex');
}
