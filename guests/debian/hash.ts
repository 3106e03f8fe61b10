import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openInput } from '../../formats/input-file.js';

/** SHA-256 in hex of bytes in memory. */
export function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}

/**
 * SHA-256 in hex of a file, streamed.
 * @param onProgress is told bytes read so far, and in all, every few seconds
 */
export async function sha256File(
  path: string,
  onProgress: (done: number, size: number) => void = () => undefined,
): Promise<string> {
  const hash = createHash('sha256');
  const { fd, stats } = openInput(path);
  let done = 0;
  let told = performance.now();
  const counted = new Transform({
    transform(piece: Buffer, _encoding, callback) {
      done += piece.length;
      if (performance.now() - told > TELL_MS) {
        told = performance.now();
        onProgress(done, stats.size);
      }
      callback(null, piece);
    },
  });
  // The file is closed when it ends.
  await pipeline(createReadStream(path, { fd, highWaterMark: PIECE_BYTES }), counted, hash);
  return hash.digest('hex');
}

const TELL_MS = 5000;
const PIECE_BYTES = 1 << 20;
