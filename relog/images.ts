/** From a guest's files on the host to what a machine is given, and to the blobs of a recording and back. */
import { readFileSync } from 'node:fs';
import type { MachineImages } from '../engines/v86/index.js';
import { FIRMWARE_LIMITS } from '../formats/firmware.js';
import { SHARE_LIMITS } from '../formats/share.js';
import { MAX_FLOPPY_BYTES } from './disks/geometry.js';
import type { BlobName } from '../formats/recording.js';
import type { GuestImage } from '../guests/image.js';

/** @param start a machine that starts from a snapshot needs the firmware only: the rest is in its RAM, or on its disks */
export function imagesOf(guest: GuestImage, start: 'ready' | 'power-on'): MachineImages {
  const images: MachineImages = {
    bios: readFileSync(guest.firmware.bios),
    vgaBios: readFileSync(guest.firmware.vgaBios),
  };
  const { boot } = guest;
  if (boot.kind !== 'disk' && start === 'power-on') {
    if (boot.kind === 'multiboot') images.multiboot = readFileSync(boot.image);
    else {
      images.bzimage = readFileSync(boot.kernel);
      images.cmdline = boot.cmdline;
      if (boot.initrd !== null) images.initrd = readFileSync(boot.initrd);
    }
  }
  return images;
}

export function* blobsOf(images: MachineImages): Generator<[BlobName, Uint8Array]> {
  for (const [name, value] of Object.entries(images)) {
    if (value instanceof Uint8Array) yield [name as BlobName, value];
  }
}

const MEBIBYTE = 1 << 20;
/**
 * The first image that cannot be loaded into a machine with so much memory, as it is larger; null when all can. An engine
 * would take memory for it before it finds out.
 */
export function tooLarge(blobs: Map<BlobName, Uint8Array>, memory: number): BlobName | null {
  const limits: Partial<Record<BlobName, number>> = {
    ...FIRMWARE_LIMITS,
    ...{ multiboot: memory, bzimage: memory, initrd: memory, fda: MAX_FLOPPY_BYTES },
    // RAM, that of the VGA, and what else devices have.
    snapshot: memory + 64 * MEBIBYTE,
    share: SHARE_LIMITS.bytes + 64 * MEBIBYTE,
  };
  for (const [name, { length }] of blobs) if (length > limits[name]!) return name;
  return null;
}

/** @returns null when the firmware is missing */
export function imagesFrom(blobs: Map<BlobName, Uint8Array>, cmdline: string | null): MachineImages | null {
  const bios = blobs.get('bios');
  const vgaBios = blobs.get('vgaBios');
  if (bios === undefined || vgaBios === undefined) return null;
  const images: MachineImages = { bios, vgaBios };
  const elsewhere: readonly BlobName[] = ['snapshot', 'fda', 'share'];
  for (const [name, bytes] of blobs) if (!elsewhere.includes(name)) Object.assign(images, { [name]: bytes });
  if (cmdline !== null) images.cmdline = cmdline;
  return images;
}
