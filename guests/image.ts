import type { MachineDevices } from '../formats/devices.js';
import type { DriveName } from '../formats/disks.js';
import type { ConsoleSpec } from './spec.js';

/** A base image, which no run writes to. */
export interface GuestDisk {
  path: string;
  /** Bytes. */
  size: number;
  /** Hex. */
  sha256: string;
  /** When it was last changed before the hash was taken: nanoseconds since 1970, decimal. */
  modified: string;
}

/** A guest ready to be run: what the provisioner made of a spec. Paths are absolute files on the host. */
export interface GuestImage {
  name: string;
  /** SHA-256 (hex) over everything that decides how the guest behaves: all files below and the fields beside them. */
  hash: string;
  /** Bytes of RAM. */
  memory: number;
  devices: MachineDevices;
  firmware: { bios: string; vgaBios: string };
  boot:
    | { kind: 'multiboot'; image: string }
    | { kind: 'bzimage'; kernel: string; initrd: string | null; cmdline: string }
    | { kind: 'disk' };
  disks: Partial<Record<DriveName, GuestDisk>>;
  /** Source of a regular expression that the serial console shows when the guest is ready, or null. */
  ready: string | null;
  /** Seconds of real time to wait for the marker. */
  readyTimeout: number;
  /** How its console is told the size of a terminal; no part of the hash. */
  console: ConsoleSpec | null;
  /** ELF files that run in the guest, for symbols. */
  programs: { guestPath: string; elf: string }[];
}
