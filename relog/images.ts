/** From a guest's files on the host to what a machine is given, and to the blobs of a recording and back. */
import { readFileSync } from 'node:fs';
import type { MachineImages } from '../engines/v86/index.js';
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
