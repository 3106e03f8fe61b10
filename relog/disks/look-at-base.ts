/** Whether the base image of a recorded disk can be where it should, before it is read. */
import { resolve } from 'node:path';
import type { DiskReference, DriveName } from '../../formats/disks.js';
import { DecoupleError } from '../../formats/errors.js';
import { lookAt } from './host-image.js';

/** @throws DecoupleError disk-missing, disk-differs, file-unreadable */
export function checkSize(recording: string, drive: DriveName, reference: DiskReference, path: string): void {
  const stats = lookAt(path);
  if (stats === null) {
    throw new DecoupleError(
      'disk-missing',
      `${path}, the base image of ${drive} in ${recording}, is not there.`,
      `Say where it is with --disk ${drive}=PATH; it has ${reference.size} bytes and SHA-256 ${reference.sha256}.`,
    );
  }
  if (!stats.isFile()) throw differs(recording, drive, path, 'it is not a file');
  if (stats.size !== reference.size) {
    throw differs(recording, drive, path, `it has ${stats.size} bytes, not ${reference.size}`);
  }
}

export function differs(recording: string, drive: DriveName, path: string, why: string): DecoupleError {
  return new DecoupleError(
    'disk-differs',
    `${path} is not the base image of ${drive} in ${resolve(recording)}: ${why}.`,
    `Say where the image is as it was recorded, with --disk ${drive}=PATH.`,
  );
}
