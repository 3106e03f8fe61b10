/** The files of a directory that a guest shares with its host, as they were when the recording began: a blob of it. */
import { decode, encode } from './cbor.js';
import { bool, bytes, list, record, ShapeError, text, uint } from './shape.js';

/** What a share may hold, so that recordings stay of a size that can be handled. */
export const SHARE_LIMITS = { entries: 20_000, bytes: 256 << 20 };

export type ShareEntry = {
  /** Relative to the shared directory, with slashes; parents come before children. */
  path: string;
  /** Permissions. */
  mode: number;
  /** Seconds since 1970. */
  mtime: number;
} & (
  | { kind: 'directory' }
  | { kind: 'link'; target: string }
  /** `content` is an index into the contents; null when it could not be read: the guest gets an I/O error. */
  | { kind: 'file'; content: number | null }
);

export interface Share {
  writable: boolean;
  entries: ShareEntry[];
  /** Each different content once. */
  contents: Uint8Array[];
}

const KINDS = ['directory', 'link', 'file'] as const;

export function encodeShare({ writable, entries, contents }: Share): Uint8Array {
  const items = entries.map((entry) => {
    const more = entry.kind === 'link' ? entry.target : entry.kind === 'file' ? entry.content : null;
    return [entry.path, entry.mode, entry.mtime, KINDS.indexOf(entry.kind), more];
  });
  return encode({ writable, entries: items, contents });
}

/** @throws ShapeError */
export function decodeShare(blob: Uint8Array): Share {
  const map = record(decode(blob), 'the share');
  const contents = list(map.contents, 'share.contents', (value, what) => bytes(value, what));
  const entries = list(map.entries, 'share.entries', (value, what) => entryOf(value, what, contents.length));
  const paths = new Map<string, string>([['', 'directory']]);
  for (const { path, kind } of entries) {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    if (paths.has(path) || paths.get(parent) !== 'directory') throw new ShapeError(`share entry ${path} has no place`);
    paths.set(path, kind);
  }
  return { writable: bool(map.writable, 'share.writable'), entries, contents };
}

function entryOf(value: unknown, what: string, contents: number): ShareEntry {
  const [path, mode, mtime, kind, more] = list(value, what, (element) => element, 5);
  const name = text(path, what);
  if (!name.split('/').every(isFileName)) throw new ShapeError(`${what} has an impossible name`);
  const common = { path: name, mode: uint(mode, what, 0o777), mtime: uint(mtime, what, 2 ** 40) };
  switch (KINDS[uint(kind, what)]) {
    case 'directory':
      return { ...common, kind: 'directory' };
    case 'link':
      return { ...common, kind: 'link', target: text(more, what) };
    case 'file':
      return { ...common, kind: 'file', content: more === null ? null : uint(more, what, contents - 1) };
    default:
      throw new ShapeError(`${what} is of no known kind`);
  }
}

/** True for names that a file can have in a directory, on Linux and in 9P. */
export function isFileName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name) && Buffer.byteLength(name) <= 255;
}
