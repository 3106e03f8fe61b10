/** The disks of a recording, ready for a machine that runs it again. */
import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { Disk } from '../../engines/v86/index.js';
import { damaged } from '../../formats/container/index.js';
import { DRIVES, type DiskReference, type DriveName } from '../../formats/disks.js';
import { DecoupleError, inputError } from '../../formats/errors.js';
import { Overlay } from '../../formats/overlay.js';
import type { RecordingStart } from '../../formats/recording.js';
import { checkDrives, checkGeometry } from './geometry.js';
import { HostImage } from './host-image.js';
import { checkSize, differs } from './look-at-base.js';
import { MemoryImage } from './memory-image.js';

/** Where base images are now, when that is not where they were recorded. */
export type DiskPaths = Partial<Record<DriveName, string>>;

export interface RecordedDisks {
  disks: Disk[];
  close(): void;
}

/** @throws DecoupleError disk-missing, disk-differs, disk-invalid, usage, damaged, file-unreadable */
export async function openRecordedDisks(
  recording: string,
  start: RecordingStart,
  paths: DiskPaths,
): Promise<RecordedDisks> {
  const { header, blobs, overlays } = start;
  checkPaths(recording, start, paths);
  const images: HostImage[] = [];
  const result: RecordedDisks = { disks: [], close: () => images.splice(0).forEach((image) => image.close()) };
  try {
    checkDrives(DRIVES.filter((drive) => header.disks[drive] !== undefined));
    for (const drive of DRIVES) {
      const reference = header.disks[drive];
      const floppy = drive === 'fda' ? blobs.get('fda') : undefined;
      if (reference === undefined && floppy === undefined) continue;
      const overlay = header.start === 'ready' ? overlays.get(drive, 'start') : new Overlay();
      if (overlay === null) throw damaged(recording, `what ${drive} held at its start is missing`);
      let source;
      if (reference === undefined) source = new MemoryImage(floppy!);
      else {
        source = await openBase(recording, drive, reference, paths[drive] ?? null);
        images.push(source);
      }
      checkGeometry(drive, recording, source.size);
      result.disks.push(new Disk(drive, source, overlay));
    }
    return result;
  } catch (error) {
    result.close();
    throw error;
  }
}

/** Opens a base image and reads it once to see that it is the one that was recorded. */
export async function openBase(
  recording: string,
  drive: DriveName,
  reference: DiskReference,
  given: string | null,
): Promise<HostImage> {
  const path = given ?? reference.path;
  checkSize(recording, drive, reference, path);
  const image = new HostImage(path, true);
  try {
    const hash = createHash('sha256');
    await pipeline(image.stream(), hash).catch((error: unknown) => Promise.reject(inputError(path, error)));
    if (hash.digest('hex') !== reference.sha256) throw differs(recording, drive, path, 'its SHA-256 is another one');
    image.readable();
    return image;
  } catch (error) {
    image.close();
    throw error;
  }
}

function checkPaths(recording: string, { header }: RecordingStart, paths: DiskPaths): void {
  for (const drive of DRIVES) {
    if (paths[drive] === undefined || header.disks[drive] !== undefined) continue;
    const has = Object.keys(header.disks).join(', ') || 'none';
    throw new DecoupleError(
      'usage',
      `${recording} has no ${drive} whose base image could be given.`,
      `Its drives with base images: ${has}.`,
    );
  }
}
