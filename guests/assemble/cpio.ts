/**
 * Archives in cpio's "newc" format, as the kernel unpacks them into its root file system
 * (Documentation/driver-api/early-userspace/buffer-format.rst). Same entries in, same bytes out: entries are sorted,
 * owned by root, dated 1970, and numbered in order.
 */
export type CpioEntry =
  | { kind: 'file'; path: string; mode: number; data: Uint8Array }
  | { kind: 'directory'; path: string; mode: number }
  | { kind: 'link'; path: string; target: string }
  | { kind: 'node'; path: string; type: 'char' | 'block'; mode: number; major: number; minor: number };

const TYPE_BITS = { file: 0o100000, directory: 0o040000, link: 0o120000, char: 0o020000, block: 0o060000 };

/** By which name an archive has a path: one that two paths share is one file. */
export const nameOf = ({ path }: { path: string }): string => path.replace(/^\/+|\/+$/g, '');

/** @param entries paths absolute (`/bin/sh`); parent directories are added where missing. */
export function writeCpio(entries: CpioEntry[]): Buffer {
  const byName = new Map<string, CpioEntry>();
  for (const entry of entries) {
    const name = nameOf(entry);
    if (name === '' || name.split('/').includes('..')) throw new Error(`cpio: bad path ${JSON.stringify(entry.path)}`);
    if (byName.has(name)) throw new Error(`cpio: ${entry.path} appears twice`);
    byName.set(name, entry);
  }
  for (const name of [...byName.keys()]) {
    for (let cut = name.lastIndexOf('/'); cut > 0; cut = name.lastIndexOf('/', cut - 1)) {
      const parent = name.slice(0, cut);
      if (!byName.has(parent)) byName.set(parent, { kind: 'directory', path: parent, mode: 0o755 });
    }
  }
  const parts: Buffer[] = [];
  // By code units, not by locale. A directory sorts before what it contains.
  const names = [...byName.keys()].sort((a, b) => (a < b ? -1 : 1));
  names.forEach((name, index) => {
    const entry = byName.get(name);
    if (entry !== undefined) parts.push(record(entry, name, index + 1));
  });
  parts.push(record({ kind: 'file', path: '', mode: 0, data: new Uint8Array(0) }, 'TRAILER!!!', 0));
  return Buffer.concat(parts);
}

function record(entry: CpioEntry, name: string, inode: number): Buffer {
  const data =
    entry.kind === 'file' ? entry.data : entry.kind === 'link' ? Buffer.from(entry.target) : new Uint8Array(0);
  const type = TYPE_BITS[entry.kind === 'node' ? entry.type : entry.kind];
  const permissions = entry.kind === 'link' ? 0o777 : entry.mode;
  const device = entry.kind === 'node' ? [entry.major, entry.minor] : [0, 0];
  const nameBytes = Buffer.from(`${name}\0`);
  const isTrailer = inode === 0;
  const fields = [
    inode,
    isTrailer ? 0 : type | permissions,
    0, // owner
    0, // group
    entry.kind === 'directory' ? 2 : 1, // links
    0, // time of modification
    data.length,
    0, // device the file lies on
    0,
    ...device,
    nameBytes.length,
    0, // checksum, unused in this variant
  ];
  const header = Buffer.from('070701' + fields.map((field) => hex8(field)).join(''));
  return Buffer.concat([padded(Buffer.concat([header, nameBytes])), padded(data)]);
}

function hex8(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0').toUpperCase();
}

function padded(data: Uint8Array): Buffer {
  const out = Buffer.alloc((data.length + 3) & ~3);
  out.set(data);
  return out;
}
