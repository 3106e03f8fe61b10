/** The files of a share while the machine runs: what the guest changes stays in here. */
import { isFileName, SHARE_LIMITS, type Share } from '../../../formats/share.js';

/** Linux's error numbers (errno(3)), as 9P2000.L sends them. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EIO: 5,
  EBADF: 9,
  EEXIST: 17,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  EFBIG: 27,
  ENOSPC: 28,
  EROFS: 30,
  ENOTEMPTY: 39,
  EOPNOTSUPP: 95,
} as const;

/** What a request ends with when it cannot be done. */
export class FileError extends Error {
  constructor(readonly errno: number) {
    super(`errno ${errno}`);
  }
}

export function fail(name: keyof typeof ERRNO): never {
  throw new FileError(ERRNO[name]);
}

export interface Node {
  readonly id: number;
  readonly kind: 'directory' | 'link' | 'file';
  name: string;
  /** Null for the root and for what is removed. */
  parent: Node | null;
  mode: number;
  uid: number;
  gid: number;
  /** Milliseconds since 1970. */
  mtime: number;
  readonly children: Map<string, Node>;
  readonly target: string;
  /** A file's bytes are the first `size` of these; null when the host could not read them. */
  data: Uint8Array | null;
  size: number;
}

type New = Pick<Node, 'kind' | 'mode' | 'mtime'> & Partial<Pick<Node, 'target' | 'data' | 'uid' | 'gid'>>;

export class ShareTree {
  readonly root: Node;
  readonly writable: boolean;
  private nextId = 1;
  private used = 0;

  constructor({ writable, entries, contents }: Share) {
    this.writable = writable;
    this.root = this.node('', { kind: 'directory', mode: 0o755, mtime: 0 });
    const places = new Map([['', this.root]]);
    for (const entry of entries) {
      const slash = entry.path.lastIndexOf('/');
      const parent = places.get(entry.path.slice(0, Math.max(0, slash)))!;
      const { kind, mode } = entry;
      const target = entry.kind === 'link' ? entry.target : '';
      const data = entry.kind !== 'file' ? undefined : entry.content === null ? null : contents[entry.content]!;
      const made = { kind, mode, mtime: entry.mtime * 1000, target, ...(data === undefined ? {} : { data }) };
      places.set(entry.path, this.add(parent, entry.path.slice(slash + 1), made));
    }
  }

  child(directory: Node, name: string): Node {
    if (directory.kind !== 'directory') fail('ENOTDIR');
    if (name === '..') return directory.parent ?? directory;
    if (name === '.') return directory;
    return directory.children.get(name) ?? fail('ENOENT');
  }

  add(directory: Node, name: string, made: New): Node {
    if (directory.kind !== 'directory') fail('ENOTDIR');
    if (!isFileName(name)) fail('EINVAL');
    if (directory.children.has(name)) fail('EEXIST');
    if (this.nextId > 4 * SHARE_LIMITS.entries) fail('ENOSPC');
    const node = this.node(name, made);
    node.parent = directory;
    directory.children.set(name, node);
    this.used += node.size;
    return node;
  }

  remove(node: Node): void {
    if (node.parent === null) fail('EINVAL');
    if (node.children.size > 0) fail('ENOTEMPTY');
    node.parent.children.delete(node.name);
    node.parent = null;
    this.used -= node.size;
  }

  /** What is in the place already goes away, if it is of the same kind and empty. */
  move(node: Node, directory: Node, name: string): void {
    if (directory.kind !== 'directory') fail('ENOTDIR');
    if (!isFileName(name) || node.parent === null) fail('EINVAL');
    for (let above: Node | null = directory; above !== null; above = above.parent) if (above === node) fail('EINVAL');
    const there = directory.children.get(name);
    if (there === node) return;
    if (there !== undefined) {
      if (there.kind === 'directory' && node.kind !== 'directory') fail('EISDIR');
      if (there.kind !== 'directory' && node.kind === 'directory') fail('ENOTDIR');
      this.remove(there);
    }
    node.parent.children.delete(node.name);
    node.name = name;
    node.parent = directory;
    directory.children.set(name, node);
  }

  read(node: Node, offset: number, length: number): Uint8Array {
    if (node.kind === 'directory') fail('EISDIR');
    const data = node.data ?? fail('EIO');
    return data.subarray(Math.min(offset, node.size), Math.min(offset + length, node.size));
  }

  write(node: Node, offset: number, bytes: Uint8Array, now: number): void {
    if (node.data === null) fail('EIO');
    if (offset + bytes.length > node.size) this.resize(node, offset + bytes.length, now);
    node.data.set(bytes, offset);
    node.mtime = now;
  }

  resize(node: Node, size: number, now: number): void {
    if (node.kind !== 'file') fail('EINVAL');
    if (node.data === null) fail('EIO');
    if (size > SHARE_LIMITS.bytes) fail('EFBIG');
    if (this.used - node.size + size > 2 * SHARE_LIMITS.bytes) fail('ENOSPC');
    // Half as much again, as most writes are at the end.
    const data = size <= node.data.length ? node.data : new Uint8Array(Math.ceil(size * 1.5));
    if (data !== node.data) data.set(node.data.subarray(0, node.size));
    if (size < node.size) data.fill(0, size, node.size);
    if (node.parent !== null) this.used += size - node.size;
    Object.assign(node, { data, size, mtime: now });
  }

  get usedBytes(): number {
    return this.used;
  }

  private node(name: string, { kind, mode, mtime, target = '', data, uid = 0, gid = 0 }: New): Node {
    // A copy: the recording's bytes stay, and two files may start with the same.
    const own = data === undefined ? new Uint8Array() : data && Uint8Array.from(data);
    const children = new Map<string, Node>();
    const size = kind === 'link' ? Buffer.byteLength(target) : (own?.length ?? 0);
    return { id: this.nextId++, kind, name, parent: null, mode, uid, gid, mtime, children, target, data: own, size };
  }
}
