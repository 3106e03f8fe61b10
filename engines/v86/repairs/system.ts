/** Repairs of instructions of the system, and of faults. */
import type { Repair } from './table.js';

const ENTER: Repair = {
  id: 'enter',
  why:
    'v86 ends where ENTER with nesting faults, copies the pointers of frames to the place of the next, and does not look ' +
    'whether the stack can be written where it is left.',
  upstream: 'copy/v86#1552',
  test: 'test/engines/v86/system-repairs.test.ts',
  replaced: [
    { function: 'instr16_C8', by: 'enter16' },
    { function: 'instr32_C8', by: 'enter32' },
  ],
};

export const SYSTEM: readonly Repair[] = [ENTER];
