/** Files that are wrong in one known way each, for the tests of whatever reads files. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from '../../formats/checksum.js';
import { ContainerWriter, MAJOR_VERSION, PREAMBLE_BYTES, type ContainerKind } from '../../formats/container/index.js';

/** No stage knows this kind of frame. */
const UNKNOWN_FRAME = 200;

/** A container of `kind` that is whole, and holds nothing a stage can use. */
export function hollowContainer(folder: string, kind: ContainerKind): string {
  const path = join(folder, `hollow.${kind}`);
  const writer = new ContainerWriter({ path, kind, temporary: false, force: true });
  writer.frame(UNKNOWN_FRAME, Buffer.from('some payload, long enough to be told from a header. '.repeat(40)), 1n);
  writer.finish({}, 1n);
  return path;
}

/** A copy of a file with one change. */
export function changed(path: string, name: string, change: (bytes: Buffer) => Buffer): string {
  const copy = `${path}.${name}`;
  writeFileSync(copy, change(readFileSync(path)));
  return copy;
}

export function withFlippedBit(path: string, offset: number, bit: number): string {
  return changed(path, `flip${offset}.${bit}`, (bytes) => {
    bytes[offset]! ^= 1 << bit;
    return bytes;
  });
}

export function cutTo(path: string, length: number): string {
  return changed(path, `cut${length}`, (bytes) => bytes.subarray(0, length));
}

/** The same file as a later decouple would mark it: all checksums right, the version beyond what is known. */
export function fromTheFuture(path: string): string {
  return changed(path, 'future', (bytes) => {
    bytes.writeUInt16LE(MAJOR_VERSION + 1, 8);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 12)), 12);
    return bytes;
  });
}

export const FIRST_FRAME = PREAMBLE_BYTES;
