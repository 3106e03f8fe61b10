import { Compressor, Decompressor } from 'zstd-napi';

const compressors = new Map<number, Compressor>();
const decompressor = new Decompressor();

/** @param level zstd level, 1 to 19 */
export function compress(bytes: Uint8Array, level: number): Uint8Array {
  let compressor = compressors.get(level);
  if (compressor === undefined) {
    compressor = new Compressor();
    compressor.setParameters({ compressionLevel: level });
    compressors.set(level, compressor);
  }
  return compressor.compress(bytes);
}

/**
 * Unpacks exactly `length` bytes. The length in the zstd frame is compared first, so that a hostile frame cannot make
 * us take more memory than the container's own limit.
 * @throws Error when the frame says or holds something else
 */
export function decompress(bytes: Uint8Array, length: number): Uint8Array {
  if (contentSize(bytes) !== length) throw new Error('the packed length does not match');
  const result = decompressor.decompress(bytes);
  if (result.length !== length) throw new Error('the packed length does not match');
  return result;
}

/** Frame_Content_Size of a zstd frame (RFC 8878, 3.1.1.1), or -1 when absent or not a frame. */
function contentSize(bytes: Uint8Array): number {
  if (bytes.length < 6) return -1;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.readUInt32LE(0) !== 0xfd2fb528) return -1;
  const descriptor = view.readUInt8(4);
  const singleSegment = (descriptor >> 5) & 1;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!;
  const at = 5 + (singleSegment ? 0 : 1) + dictionaryBytes;
  const fieldBytes = [singleSegment, 2, 4, 8][descriptor >> 6]!;
  if (fieldBytes === 0 || view.length < at + fieldBytes) return -1;
  if (fieldBytes === 1) return view.readUInt8(at);
  if (fieldBytes === 2) return view.readUInt16LE(at) + 256;
  if (fieldBytes === 4) return view.readUInt32LE(at);
  return Number(view.readBigUInt64LE(at));
}
