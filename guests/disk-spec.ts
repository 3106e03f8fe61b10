/** What a guest spec says about disks: images of the user's own, or empty ones made for the guest. */
import { DRIVES, sectorBytes, type DriveName } from '../formats/disks.js';
import { specError, type Fields } from './fields.js';
import { parsePackageFile, type FileSource } from './source.js';

/** An image, or bytes of an empty disk. */
export type DiskSpec = FileSource | { size: number };
export type DiskSpecs = Partial<Record<DriveName, DiskSpec>>;

/** Every value is the path of an image, `{ package: …, from: … }`, or `{ size: 64M }` for an empty disk. */
export function parseDisks(fields: Fields, local: (file: string) => string): DiskSpecs {
  const disks: DiskSpecs = {};
  for (const drive of DRIVES) {
    if (!fields.has(drive)) continue;
    disks[drive] = fields.isMapping(drive)
      ? parseMapping(fields.mapping(drive), drive)
      : { file: local(fields.string(drive)) };
  }
  if (disks.hdb !== undefined && disks.hda === undefined) {
    throw specError(fields.where, 'has an hdb without an hda');
  }
  return disks;
}

function parseMapping(fields: Fields, drive: DriveName): DiskSpec {
  if (fields.has('package')) return parsePackageFile(fields);
  const size = fields.size('size');
  fields.end();
  if (drive === 'cdrom') throw specError(fields.where, 'is an empty CD; leave it out, the drive is there all the same');
  if (size === 0 || size % sectorBytes(drive) !== 0) throw specError(fields.where, 'needs a "size" that is not 0');
  return { size };
}
