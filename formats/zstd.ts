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
 * Unpacks exactly `length` bytes of one zstd frame. What the frame says of its length, and that no other follows it, is seen
 * to first, so that a hostile one cannot make us take more memory than the container's own limit.
 * @throws Error when the frame says or holds something else
 */
export function decompress(bytes: Uint8Array, length: number): Uint8Array {
  const header = readHeader(bytes);
  if (header?.length !== length) throw new Error('the packed length does not match');
  if (frameEnd(bytes, header) !== bytes.length) throw new Error('it is not one zstd frame');
  const result = decompressor.decompress(bytes);
  if (result.length !== length) throw new Error('the packed length does not match');
  return result;
}

interface FrameHeader {
  /** Bytes of the frame when it is unpacked. */
  length: number;
  /** Where its blocks begin. */
  blocks: number;
  checksumBytes: number;
}

/** Of a zstd frame (RFC 8878, 3.1.1.1); null when it does not say its length, or is no frame. */
function readHeader(bytes: Uint8Array): FrameHeader | null {
  if (bytes.length < 6) return null;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.readUInt32LE(0) !== 0xfd2fb528) return null;
  const descriptor = view.readUInt8(4);
  const singleSegment = (descriptor >> 5) & 1;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!;
  const at = 5 + (singleSegment ? 0 : 1) + dictionaryBytes;
  const fieldBytes = [singleSegment, 2, 4, 8][descriptor >> 6]!;
  if (fieldBytes === 0 || view.length < at + fieldBytes) return null;
  const checksumBytes = (descriptor >> 2) & 1 ? 4 : 0;
  const field = (): number => {
    if (fieldBytes === 1) return view.readUInt8(at);
    if (fieldBytes === 2) return view.readUInt16LE(at) + 256;
    return fieldBytes === 4 ? view.readUInt32LE(at) : Number(view.readBigUInt64LE(at));
  };
  return { length: field(), blocks: at + fieldBytes, checksumBytes };
}

/** Where a frame ends, by the headers of its blocks (RFC 8878, 3.1.1.2); beyond the bytes when they are cut off. */
function frameEnd(bytes: Uint8Array, { blocks, checksumBytes }: FrameHeader): number {
  const RUN = 1;
  for (let at = blocks; at + 3 <= bytes.length;) {
    const header = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
    at += 3 + (((header >> 1) & 3) === RUN ? 1 : header >> 3);
    if ((header & 1) === 1) return at + checksumBytes;
  }
  return Infinity;
}
