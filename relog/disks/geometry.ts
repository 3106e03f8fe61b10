/** What can be a disk at all, said before a machine gets it. */
import { MAX_DISK_BYTES, sectorBytes, type DriveName } from '../../formats/disks.js';
import { DecoupleError } from '../../formats/errors.js';

/** Floppies the drive takes, in sectors of 512 bytes: 180 kB to 3.84 MB. */
const FLOPPY_SECTORS = new Set([
  ...[320, 360, 400, 640, 720, 820, 840, 1280, 1440, 1600, 1640, 1660, 1760, 2080, 2240, 2400, 2880, 2952, 2988],
  ...[3200, 3360, 3444, 3486, 3520, 3680, 3840, 5760, 6240, 6400, 7040, 7680],
]);

export const MAX_FLOPPY_BYTES = Math.max(...FLOPPY_SECTORS) * 512;

/** @throws DecoupleError disk-invalid */
export function checkGeometry(drive: DriveName, path: string, size: number): void {
  const unit = sectorBytes(drive);
  const invalid = (what: string, advice: string): DecoupleError =>
    new DecoupleError('disk-invalid', `${path} cannot be ${drive}: ${what}.`, advice);
  if (size === 0) throw invalid('it is empty', 'Give it a size, for instance with `truncate -s 64M`.');
  if (size % unit !== 0) {
    const rest = `its size, ${size} bytes, is not a multiple of ${unit}`;
    throw invalid(rest, 'Give a raw image (or an ISO image for a CD), not a compressed or another format.');
  }
  if (size > MAX_DISK_BYTES) throw invalid(`it is larger than ${MAX_DISK_BYTES / 2 ** 40} TiB`, 'Make it smaller.');
  if (drive === 'fda' && !FLOPPY_SECTORS.has(size / unit)) {
    throw invalid(`no floppy has ${size} bytes`, 'Make it 1474560 bytes long, or of another size of floppies.');
  }
}

/** @throws DecoupleError disk-invalid */
export function checkDrives(drives: readonly DriveName[]): void {
  if (!drives.includes('hdb') || drives.includes('hda')) return;
  throw new DecoupleError('disk-invalid', 'There is an hdb without an hda.', 'Make the only disk hda.');
}
