/** What disks a recording has, and whether their base images are where they were. */
import { ContainerReader } from '../../formats/container/index.js';
import { DRIVES, type DriveName } from '../../formats/disks.js';
import { SECTOR_BYTES } from '../../formats/overlay.js';
import { readLog, readStart } from '../../formats/recording.js';
import { lookAt } from './host-image.js';

export interface DiskSummary {
  drive: DriveName;
  /** Bytes of the image. */
  size: number;
  /** Null for a floppy, which is in the recording. */
  base: { path: string; sha256: string; state: 'there' | 'missing' | 'another size' } | null;
  /** Bytes that the guest wrote up to the end; null when the recording does not say, as it was cut off. */
  written: number | null;
}

/** Base images are looked at, not read. @throws what reading a recording throws */
export function listDisks(input: string): DiskSummary[] {
  const reader = new ContainerReader(input, 'recording');
  try {
    const { header, blobs, overlays, first } = readStart(reader);
    if (first !== null) while (readLog(reader, overlays) !== null) continue;
    return DRIVES.flatMap((drive): DiskSummary[] => {
      const reference = header.disks[drive];
      const size = reference?.size ?? (drive === 'fda' ? blobs.get('fda')?.length : undefined);
      if (size === undefined) return [];
      const overlay = reader.cutOff ? null : overlays.get(drive, 'end');
      const base = reference === undefined ? null : { ...reference, state: stateOf(reference.path, reference.size) };
      return [
        {
          drive,
          size,
          base: base && { path: base.path, sha256: base.sha256, state: base.state },
          written: overlay && overlay.sectors * SECTOR_BYTES,
        },
      ];
    });
  } finally {
    reader.close();
  }
}

function stateOf(path: string, size: number): 'there' | 'missing' | 'another size' {
  const stats = lookAt(path);
  if (stats === null) return 'missing';
  return stats.size === size ? 'there' : 'another size';
}
