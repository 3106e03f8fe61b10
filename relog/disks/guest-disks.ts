/** The disks of a guest, ready for a machine that is run live. */
import { Disk, type DiskLoss } from '../../engines/v86/index.js';
import { DRIVES, type DiskReferences, type Overlays } from '../../formats/disks.js';
import { DecoupleError } from '../../formats/errors.js';
import { readInput } from '../../formats/input-file.js';
import type { GuestDisk, GuestImage } from '../../guests/image.js';
import { checkDrives, checkGeometry, MAX_FLOPPY_BYTES } from './geometry.js';
import { HostImage } from './host-image.js';
import { MemoryImage } from './memory-image.js';

export interface GuestDisks {
  disks: Disk[];
  references: DiskReferences;
  /** The floppy's base image, which a recording holds itself. */
  floppy: Uint8Array | null;
  close(): void;
}

/**
 * @param overlays what the drives hold over their base images; none if not given
 * @throws DecoupleError file-missing, file-unreadable, disk-invalid, disk-differs
 */
export function openGuestDisks(guest: GuestImage, overlays: Overlays = {}): GuestDisks {
  const drives = DRIVES.filter((drive) => guest.disks[drive] !== undefined);
  checkDrives(drives);
  const images: HostImage[] = [];
  const result: GuestDisks = {
    disks: [],
    references: {},
    floppy: null,
    close: () => images.splice(0).forEach((image) => image.close()),
  };
  try {
    for (const drive of drives) {
      const given = guest.disks[drive]!;
      let source;
      if (drive === 'fda') {
        result.floppy = readInput(given.path, MAX_FLOPPY_BYTES);
        source = new MemoryImage(result.floppy);
      } else {
        source = new HostImage(given.path, false);
        images.push(source);
        checkUnchanged(source, given);
        result.references[drive] = { size: given.size, sha256: given.sha256, path: given.path };
      }
      checkGeometry(drive, given.path, source.size);
      result.disks.push(new Disk(drive, source, overlays[drive]));
    }
    return result;
  } catch (error) {
    result.close();
    throw error;
  }
}

function checkUnchanged(image: HostImage, { path, size, modified }: GuestDisk): void {
  if (image.seen.size === size && image.seen.modified === modified) return;
  throw new DecoupleError(
    'disk-differs',
    `${path} was changed after its SHA-256 was taken.`,
    'Leave disk images alone while they are in use, and run this again.',
  );
}

/** A sentence on what became of a base image. */
export function describeLoss({ drive, bytes }: DiskLoss, references: DiskReferences): string {
  const { path, size } = references[drive] ?? { path: drive, size: 0 };
  return bytes === 0
    ? `${path} (${drive}) was changed during the recording: from then on the guest could read none of it.`
    : `${path} (${drive}) was cut from ${size} to ${bytes} bytes during the recording: the guest could not read the rest.`;
}
