/** A CD image for tests: ISO 9660 level 1, files in the root directory alone (ECMA-119). */

const SECTOR = 2048;
/** After the system area, the volume descriptor and its terminator, two path tables. */
const PATH_TABLES = 18;
const ROOT = 20;

/** @param files by name, as `NAME.EXT` in capitals */
export function isoImage(files: Record<string, Uint8Array>): Buffer {
  const names = Object.keys(files).sort();
  let next = ROOT + 1;
  const places = names.map((name) => {
    const place = next;
    next += Math.max(1, Math.ceil(files[name]!.length / SECTOR));
    return place;
  });
  const image = Buffer.alloc(next * SECTOR);
  const root = directoryRecord('\0', ROOT, SECTOR, true);
  volumeDescriptor(root, next).copy(image, 16 * SECTOR);
  Buffer.from('\xffCD001\x01', 'latin1').copy(image, 17 * SECTOR);
  pathTable(false).copy(image, PATH_TABLES * SECTOR);
  pathTable(true).copy(image, (PATH_TABLES + 1) * SECTOR);
  const records = [
    root,
    directoryRecord('\x01', ROOT, SECTOR, true),
    ...names.map((name, i) => directoryRecord(`${name};1`, places[i]!, files[name]!.length, false)),
  ];
  Buffer.concat(records).copy(image, ROOT * SECTOR);
  names.forEach((name, i) => image.set(files[name]!, places[i]! * SECTOR));
  return image;
}

function volumeDescriptor(root: Buffer, sectors: number): Buffer {
  const out = Buffer.alloc(SECTOR);
  out.write('\x01CD001\x01', 0, 'latin1');
  out.fill(' ', 8, 72);
  out.write('TEST', 40, 'latin1');
  both32(out, 80, sectors);
  both16(out, 120, 1);
  both16(out, 124, 1);
  both16(out, 128, SECTOR);
  both32(out, 132, pathTable(false).length);
  out.writeUInt32LE(PATH_TABLES, 140);
  out.writeUInt32BE(PATH_TABLES + 1, 148);
  root.copy(out, 156);
  out.fill(' ', 190, 813);
  // Dates that are not given.
  for (const at of [813, 830, 847, 864]) out.fill('0', at, at + 16);
  out[881] = 1;
  return out;
}

/** The root directory alone. */
function pathTable(bigEndian: boolean): Buffer {
  const out = Buffer.alloc(10);
  out[0] = 1;
  if (bigEndian) out.writeUInt32BE(ROOT, 2);
  else out.writeUInt32LE(ROOT, 2);
  if (bigEndian) out.writeUInt16BE(1, 6);
  else out.writeUInt16LE(1, 6);
  return out;
}

function directoryRecord(name: string, sector: number, bytes: number, directory: boolean): Buffer {
  const length = 33 + name.length + ((name.length + 1) % 2);
  const out = Buffer.alloc(length);
  out[0] = length;
  both32(out, 2, sector);
  both32(out, 10, bytes);
  // 1 January 2000.
  out.set([100, 1, 1, 0, 0, 0, 0], 18);
  out[25] = directory ? 2 : 0;
  both16(out, 28, 1);
  out[32] = name.length;
  out.write(name, 33, 'latin1');
  return out;
}

function both16(out: Buffer, at: number, value: number): void {
  out.writeUInt16LE(value, at);
  out.writeUInt16BE(value, at + 2);
}

function both32(out: Buffer, at: number, value: number): void {
  out.writeUInt32LE(value, at);
  out.writeUInt32BE(value, at + 4);
}
