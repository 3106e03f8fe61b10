/** What a guest spec says about disks: images of the user's own, or empty ones made for the guest. */
import { DRIVES, sectorBytes, type DriveName } from '../formats/disks.js';
import { specError, type Fields } from './fields.js';

/** An image (absolute path), one that a Debian package holds, or bytes of an empty disk. */
export type DiskSpec = { file: string } | { package: string; from: string } | { size: number };
export type DiskSpecs = Partial<Record<DriveName, DiskSpec>>;

/** Every value is the path of an image, `{ package: …, from: … }`, or `{ size: 64M }` for an empty disk. */
export function parseDisks(fields: Fields, local: (file: string) => string): DiskSpecs {
  const disks: DiskSpecs = {};
  for (const drive of DRIVES) {
    if (!fields.has(drive)) continue;
    if (!fields.isMapping(drive)) {
      disks[drive] = { file: local(fields.string(drive)) };
      continue;
    }
    const inner = fields.mapping(drive);
    if (inner.has('package')) {
      disks[drive] = { package: inner.string('package'), from: inner.string('from') };
      inner.end();
      continue;
    }
    const size = inner.size('size');
    inner.end();
    if (drive === 'cdrom')
      throw specError(inner.where, 'is an empty CD; leave it out, the drive is there all the same');
    if (size === 0 || size % sectorBytes(drive) !== 0) throw specError(inner.where, 'needs a "size" that is not 0');
    disks[drive] = { size };
  }
  if (disks.hdb !== undefined && disks.hda === undefined) {
    throw specError(fields.where, 'has an hdb without an hda');
  }
  return disks;
}
