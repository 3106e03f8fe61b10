/** Where the machine's RAM is in physical memory. */
import { FRAME_BUFFER_ADDRESS, FRAME_BUFFER_BYTES, VGA_HOLE, type Machine } from '../engines/v86/index.js';
import type { RamRegion } from '../formats/state.js';

/** What behaves as RAM: all below the top but the VGA window, and the linear frame buffer. */
export function ramRegions(bytes: number): RamRegion[] {
  return [
    { start: 0, size: VGA_HOLE.start },
    { start: VGA_HOLE.end, size: bytes - VGA_HOLE.end },
    { start: FRAME_BUFFER_ADDRESS, size: FRAME_BUFFER_BYTES },
  ];
}

/** The same with what they hold: views, good until the machine runs on. */
export function ramParts(machine: Machine): { start: number; bytes: Buffer }[] {
  const buffers = machine.ramBuffers();
  return ramRegions(machine.ramBytes).map(({ start }, i) => ({ start, bytes: buffers[i]! }));
}
