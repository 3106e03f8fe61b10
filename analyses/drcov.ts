/**
 * The drcov format, version 2, as DynamoRIO's drcov writes it and Lighthouse, Cutter and others read it: a text header, a
 * table of modules, and 8 bytes a block.
 */

export interface DrcovModule {
  path: string;
  base: number;
  end: number;
  entry: number;
}

export interface DrcovBlock {
  /** Index in the modules. */
  module: number;
  /** From the module's base. */
  offset: number;
  /** Bytes, at most 65535. */
  size: number;
}

/** Bytes of a file. Modules and blocks are written in the order they come in. */
export function encodeDrcov(modules: readonly DrcovModule[], blocks: readonly DrcovBlock[]): Buffer {
  const header = [
    'DRCOV VERSION: 2',
    'DRCOV FLAVOR: drcov',
    `Module Table: version 2, count ${modules.length}`,
    'Columns: id, base, end, entry, checksum, timestamp, path',
    ...modules.map(
      ({ path, base, end, entry }, id) =>
        `${String(id).padStart(3)}, ${address(base)}, ${address(end)}, ${address(entry)}, 0x00000000, 0x00000000, ${plain(path)}`,
    ),
    `BB Table: ${blocks.length} bbs`,
    '',
  ].join('\n');
  const table = Buffer.alloc(blocks.length * 8);
  blocks.forEach(({ module, offset, size }, i) => {
    table.writeUInt32LE(offset, i * 8);
    table.writeUInt16LE(size, i * 8 + 4);
    table.writeUInt16LE(module, i * 8 + 6);
  });
  return Buffer.concat([Buffer.from(header, 'utf8'), table]);
}

function address(value: number): string {
  return `0x${value.toString(16).padStart(16, '0')}`;
}

/** Readers split the line at ", ". */
function plain(path: string): string {
  return path.replace(/[,\s]+/g, '_');
}
