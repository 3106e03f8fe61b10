import type { Imports, SeamFunction } from './seam.js';

const VMWARE_PORT = 0x5658;

/**
 * VMware's back door answers a port read with four registers, of which a relog holds one, and its mouse takes over from
 * the PS/2 mouse. Here it is a port that nobody answers.
 */
export function closeBackDoor(env: Imports): void {
  const read = env.io_port_read32 as SeamFunction;
  env.io_port_read32 = (port = 0) => (port === VMWARE_PORT ? -1 : read(port));
}
