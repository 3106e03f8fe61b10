/** A reader of drcov files, written from what Lighthouse's reader accepts rather than from our writer. */

export interface DrcovContent {
  modules: { id: number; base: number; end: number; entry: number; path: string }[];
  blocks: { module: number; start: number; size: number }[];
}

export function readDrcov(bytes: Buffer): DrcovContent {
  let at = 0;
  const line = () => {
    const end = bytes.indexOf('\n', at);
    const text = bytes.toString('utf8', at, end);
    at = end + 1;
    return text.trim();
  };
  if (line() !== 'DRCOV VERSION: 2') throw new Error('version');
  if (!line().startsWith('DRCOV FLAVOR: ')) throw new Error('flavor');
  const table = /^Module Table: version 2, count (\d+)$/.exec(line());
  if (table === null) throw new Error('module table');
  if (line() !== 'Columns: id, base, end, entry, checksum, timestamp, path') throw new Error('columns');
  const modules = Array.from({ length: Number(table[1]) }, () => {
    const fields = line().split(', ');
    if (fields.length !== 7) throw new Error(`module with ${fields.length} fields`);
    const [id, base, end, entry] = fields.map((field, i) => parseInt(field, i === 0 ? 10 : 16));
    return { id: id!, base: base!, end: end!, entry: entry!, path: fields[6]! };
  });
  const count = /^BB Table: (\d+) bbs$/.exec(line());
  if (count === null) throw new Error('block table');
  const blocks = Array.from({ length: Number(count[1]) }, (_, i) => ({
    start: bytes.readUInt32LE(at + i * 8),
    size: bytes.readUInt16LE(at + i * 8 + 4),
    module: bytes.readUInt16LE(at + i * 8 + 6),
  }));
  if (at + blocks.length * 8 !== bytes.length) throw new Error('bytes after the blocks');
  return { modules, blocks };
}
