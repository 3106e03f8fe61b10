/**
 * A pack: objects in groups that are packed together, and a directory of them by SHA-256. It is written once, and never
 * changed.
 */
import { hash as digest } from 'node:crypto';
import { decode, encode } from '../cbor.js';
import { FrameReader } from '../container/frame-reader.js';
import { FrameWriter } from '../container/frame-writer.js';
import { damaged } from '../container/layout.js';
import { u32sOf } from '../pages.js';
import { bytes, record, ShapeError } from '../shape.js';

export const PACK_FRAME = { header: 1, group: 2, directory: 3 } as const;
export const HASH_BYTES = 32;
/** Objects are gathered into groups of this size: a snapshot in groups of 1 MiB takes a sixth more than in these. */
const GROUP_BYTES = 4 << 20;
const LEVEL = 5;
/** Groups kept unpacked for who reads one object after another. */
const GROUPS_KEPT = 4;

/** The name of an object: the SHA-256 of its bytes. */
export function nameOf(object: Uint8Array): Buffer {
  return digest('sha256', object, 'buffer');
}

/** Hashes as keys of maps. */
export function keyOf(name: Uint8Array): string {
  return Buffer.from(name.buffer, name.byteOffset, name.byteLength).toString('latin1');
}

export class PackWriter {
  readonly objects = new Set<string>();
  private readonly entries: { name: Buffer; group: number; offset: number; length: number }[] = [];
  private group: Uint8Array[] = [];
  private groupBytes = 0;
  private groups = 0;
  private readonly file: FrameWriter;

  /** @throws DecoupleError write-failed */
  constructor(
    readonly path: string,
    storeId: string,
  ) {
    this.file = new FrameWriter({ path, kind: 'pack', temporary: true, force: false });
    this.file.frame(PACK_FRAME.header, encode({ store: storeId }), 0n);
  }

  /** Bytes of the file so far. */
  get bytes(): number {
    return this.file.bytes;
  }

  add(name: Buffer, object: Uint8Array): void {
    const key = keyOf(name);
    if (this.objects.has(key)) return;
    this.objects.add(key);
    if (this.groupBytes + object.length > GROUP_BYTES) this.flush();
    this.entries.push({ name, group: this.groups, offset: this.groupBytes, length: object.length });
    this.group.push(Uint8Array.from(object));
    this.groupBytes += object.length;
  }

  /** Gives the pack its name: it is on the disk then. */
  finish(): void {
    this.flush();
    const sorted = this.entries.sort((a, b) => Buffer.compare(a.name, b.name));
    const column = (of: (entry: (typeof sorted)[number]) => number): Uint8Array =>
      new Uint8Array(Uint32Array.from(sorted, of).buffer);
    const directory = {
      names: Buffer.concat(sorted.map(({ name }) => name)),
      groups: column(({ group }) => group),
      offsets: column(({ offset }) => offset),
      lengths: column(({ length }) => length),
    };
    this.file.frame(PACK_FRAME.directory, encode(directory), 0n);
    this.file.finish({ objects: sorted.length }, 0n);
  }

  abandon(): void {
    this.file.abandon();
  }

  private flush(): void {
    if (this.group.length === 0) return;
    this.file.frame(PACK_FRAME.group, Buffer.concat(this.group), 0n, LEVEL);
    this.groups++;
    this.group = [];
    this.groupBytes = 0;
  }
}

export interface PackEntry {
  name: Uint8Array;
  group: number;
  offset: number;
  length: number;
}

export class PackReader {
  /** Objects in it. */
  readonly objects: number;
  readonly bytes: number;
  private readonly file: FrameReader;
  private readonly names: Buffer;
  private readonly groups: Uint32Array;
  private readonly offsets: Uint32Array;
  private readonly lengths: Uint32Array;
  private readonly unpacked = new Map<number, Uint8Array>();

  /** @throws DecoupleError file-missing, file-unreadable, damaged, wrong-kind, version-too-new */
  constructor(readonly path: string) {
    this.file = new FrameReader(path, 'pack');
    try {
      this.bytes = this.file.size;
      const at = this.file.frames().length - 1;
      if (at < 1) throw damaged(path, 'it has no directory');
      this.file.seek(at);
      const frame = this.file.next();
      if (frame?.kind !== PACK_FRAME.directory) throw damaged(path, 'it has no directory');
      const map = record(decode(frame.payload), 'the directory');
      this.names = Buffer.from(bytes(map.names, 'names'));
      [this.groups, this.offsets, this.lengths] = [
        u32sOf(map.groups, 'groups'),
        u32sOf(map.offsets, 'offsets'),
        u32sOf(map.lengths, 'lengths'),
      ];
      this.objects = this.names.length / HASH_BYTES;
      const counts = [this.groups, this.offsets, this.lengths].map(({ length }) => length);
      if (counts.some((count) => count !== this.objects)) throw damaged(path, 'its directory does not fit together');
    } catch (error) {
      this.file.close();
      throw error instanceof ShapeError ? damaged(path, error.message, error) : error;
    }
  }

  at(index: number): PackEntry {
    return {
      name: this.names.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES),
      group: this.groups[index]!,
      offset: this.offsets[index]!,
      length: this.lengths[index]!,
    };
  }

  /** Number of the object, or -1. */
  find(name: Uint8Array): number {
    let [low, high] = [0, this.objects];
    while (low < high) {
      const middle = (low + high) >> 1;
      const order = this.names.compare(name, 0, HASH_BYTES, middle * HASH_BYTES, (middle + 1) * HASH_BYTES);
      if (order === 0) return middle;
      // `order` is that of the directory's entry before the name asked for.
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return -1;
  }

  /** The bytes of an object, which are those that its name says. @throws DecoupleError damaged */
  read(index: number): Uint8Array {
    const { name, group, offset, length } = this.at(index);
    const content = this.groupOf(group).subarray(offset, offset + length);
    if (content.length !== length || nameOf(content).compare(name) !== 0) {
      throw damaged(this.path, `object ${Buffer.from(name).toString('hex')} is not intact`);
    }
    return content;
  }

  close(): void {
    this.file.close();
  }

  private groupOf(number: number): Uint8Array {
    let group = this.unpacked.get(number);
    if (group === undefined) {
      // The header comes before the groups.
      if (number >= this.file.frames().length - 1) throw damaged(this.path, `it has no group ${number}`);
      this.file.seek(number + 1);
      const frame = this.file.next();
      if (frame?.kind !== PACK_FRAME.group) throw damaged(this.path, `it has no group ${number}`);
      group = frame.payload;
      this.unpacked.set(number, group);
      if (this.unpacked.size > GROUPS_KEPT) this.unpacked.delete(this.unpacked.keys().next().value!);
    }
    return group;
  }
}
