/** Differences between the machine and the simulator, by the rules of verify. */
import { compareState, type RamComparison, type Simulator } from '../../engines/unicorn/index.js';
import type { Machine } from '../../engines/v86/index.js';
import type { MachineKind } from '../../formats/relog.js';
import type { CpuState } from '../../formats/state.js';
import { ramParts } from '../machine-ram.js';

export interface StateDifferences {
  field: string;
  machine: string;
  simulator: string;
}

/** Of the x87 status word: what is compared where it is stored (row float-of-older-machine). */
const FSW_STORED = 0x47ff;
const MOST_WORDS = 64;

/**
 * @param strict also, of a machine whose floating point is not a processor's, the bits of the x87 status word that neither engine keeps all the time
 * @returns the registers that differ
 */
export function stateDifferences(
  machine: CpuState,
  simulator: CpuState,
  strict: boolean,
  kind: MachineKind,
): StateDifferences[] {
  const { differences } = compareState(machine, simulator, kind);
  const soft = !strict && kind.float === undefined && ((machine.x87.fsw ^ simulator.x87.fsw) & ~FSW_STORED) === 0;
  return differences
    .filter(({ field }) => !(soft && field === 'fsw'))
    .map(({ field, expected, got }) => ({ field, machine: expected, simulator: got }));
}

/** Compares all of RAM: about 20 ms for 128 MiB. */
export function ramDifferences(machine: Machine, simulator: Simulator): RamComparison {
  const all: RamComparison = { differingWords: 0, differences: [] };
  for (const { start, bytes } of ramParts(machine)) {
    const part = simulator.compareBytes(start, bytes, MOST_WORDS);
    all.differingWords += part.differingWords;
    all.differences.push(...part.differences);
  }
  return all;
}

/** Compares a stretch of physical memory, as far as it is RAM. */
export function stretchDifferences(
  machine: Machine,
  simulator: Simulator,
  address: number,
  length: number,
): RamComparison['differences'] {
  const part = ramParts(machine).find(({ start, bytes }) => address >= start && address < start + bytes.length);
  if (part === undefined || length <= 0) return [];
  const from = (address & ~3) >>> 0;
  const end = Math.min(Math.ceil((address + length) / 4) * 4, part.start + part.bytes.length);
  const expected = part.bytes.subarray(from - part.start, end - part.start);
  return simulator.compareBytes(from, expected, MOST_WORDS).differences;
}

/** A word of the machine's RAM; null where there is none. */
export function machineWord(machine: Machine, address: number): number | null {
  const part = ramParts(machine).find(({ start, bytes }) => address >= start && address + 4 <= start + bytes.length);
  return part?.bytes.readUInt32LE(address - part.start) ?? null;
}
