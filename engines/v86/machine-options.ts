/** What a machine is made from. */
import type { DeviceOutput, MachineDevices } from '../../formats/devices.js';
import type { Share } from '../../formats/share.js';
import type { SampleSource } from './clock.js';
import type { Disk } from './disk.js';
import type { PortWatch } from './port-watch.js';
import type { Probe } from './seam.js';

export interface MachineImages {
  bios: Uint8Array;
  vgaBios: Uint8Array;
  multiboot?: Uint8Array;
  bzimage?: Uint8Array;
  initrd?: Uint8Array;
  cmdline?: string;
}

export interface MachineOptions {
  /** Bytes of RAM. */
  memory: number;
  devices: MachineDevices;
  images: MachineImages;
  /** What is in its drives; the machine keeps what the guest writes in their overlays. */
  disks?: readonly Disk[];
  /** Files of the host that the machine's share shows; for machines that have one. */
  share?: Share | null;
  /** A v86 state to start from instead of power-on. */
  snapshot: Uint8Array | null;
  seed: number;
  /** Milliseconds since 1970 at clock unit 0. */
  epoch: number;
  /** Clock units at which the machine starts. */
  clockStart: number;
  samples: SampleSource;
  /** The engine to run in, where no probe brings one; without, v86 as it is. */
  module?: WebAssembly.Module | undefined;
  /** Compile JIT modules in the background as they come (while recording); otherwise when they are activated. */
  compileInBackground: boolean;
  probe?: Probe | undefined;
  /** Gets what comes out of the devices, during steps. */
  onOutput?: (output: DeviceOutput) => void;
  /** Looks at what the guest writes to ports. */
  portWatch?: PortWatch | undefined;
  log?: (line: string) => void;
}

/** As v86 wants them. */
export function v86Images(images: MachineImages): Record<string, unknown> {
  const named: Record<string, Uint8Array | undefined> = {
    bios: images.bios,
    vga_bios: images.vgaBios,
    multiboot: images.multiboot,
    bzimage: images.bzimage,
    initrd: images.initrd,
  };
  const options: Record<string, unknown> = {};
  for (const [name, bytes] of Object.entries(named)) {
    if (bytes !== undefined) options[name] = { buffer: ownBuffer(bytes) };
  }
  if (images.cmdline !== undefined) options.cmdline = images.cmdline;
  return options;
}

export function ownBuffer(bytes: Uint8Array): ArrayBuffer {
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
}
