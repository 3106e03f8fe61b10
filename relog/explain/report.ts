/** What was found, in words and numbers for people. */
import { GPR_NAMES, SEGMENT_NAMES, type CpuState } from '../../formats/state.js';
import { eventText } from './events.js';
import type { ExplainedInstruction, ExplainedRegister, Explanation } from '../api.js';
import { disassemble } from '../disassemble.js';
import { hex } from '../hex.js';
import type { StateDifferences } from './differences.js';
import type { EventMismatch } from './event-comparison.js';
import type { MemoryDifference } from './stepping.js';
import type { Executed } from './trace.js';

/** An explanation without what only its maker knows. */
export type Report = Omit<Explanation, 'seconds'>;

export const EMPTY: Omit<Report, 'verdict' | 'summary'> = {
  between: null,
  instruction: null,
  registers: [],
  memory: [],
  event: null,
  executed: [],
  following: [],
  events: [],
};

const FOLLOWING = 4;

/** Registers of which something is to be said: the general ones, and those that differ or were changed. */
export function registerRows(
  before: CpuState | null,
  machine: CpuState | null,
  simulator: CpuState,
  differences: readonly StateDifferences[],
): ExplainedRegister[] {
  const [old, there, here] = [before, machine, simulator].map((state) => (state === null ? null : plain(state)));
  const differing = new Map(differences.map((each) => [each.field, each]));
  const rows: ExplainedRegister[] = [];
  for (const [name, value] of here!) {
    const differs = differing.delete(name);
    const general = GPR_NAMES.includes(name) || name === 'eip' || name === 'eflags';
    const row = {
      name,
      before: old?.get(name) ?? null,
      machine: there?.get(name) ?? null,
      simulator: value,
      differs,
    };
    if (general || differs || (row.before !== null && row.before !== (row.machine ?? row.simulator))) rows.push(row);
  }
  for (const { field, machine: want, simulator: got } of differing.values()) {
    rows.push({ name: field, before: null, machine: want, simulator: got, differs: true });
  }
  return rows;
}

/** The registers that are numbers; what else differs is told as it was compared. */
function plain(state: CpuState): Map<string, string> {
  const rows: [string, number][] = [
    ...GPR_NAMES.map((name, i): [string, number] => [name, state.gpr[i]!]),
    ['eip', state.eip],
    ['eflags', state.eflags],
    ...SEGMENT_NAMES.map((name, i): [string, number] => [`${name}.selector`, state.segments[i]!.selector]),
    ['cr0', state.cr0],
    ['cr2', state.cr2],
    ['cr3', state.cr3],
    ['cr4', state.cr4],
  ];
  return new Map(rows.map(([name, value]) => [name, hex(value)]));
}

export function memoryRows(words: readonly MemoryDifference[]): Explanation['memory'] {
  return words.map(({ address, before, machine, simulator }) => ({
    address: hex(address),
    before: before === null ? null : hex(before),
    machine: hex(machine),
    simulator: hex(simulator),
  }));
}

export function eventRow({ index, relog, machine }: EventMismatch): Explanation['event'] {
  const text = (event: EventMismatch['relog']): string | null => (event === null ? null : eventText(event));
  return { index, relog: text(relog), machine: text(machine) };
}

export function executedLine({ position, linear, code, bits }: Executed): string {
  return `${position}  ${disassemble(code, linear, bits) ?? `${hex(linear).slice(2)}: ?`}`;
}

/** Disassembly from an address on. */
export function followingLines(next: Executed, read: (linear: number) => Uint8Array, lengthOf: LengthOf): string[] {
  const lines: string[] = [];
  for (let at = next.linear; lines.length < FOLLOWING;) {
    const code = at === next.linear ? next.code : read(at);
    const line = disassemble(code, at, next.bits);
    const length = lengthOf(at, code, next.bits);
    if (line === null || length === null) break;
    lines.push(line);
    at = (at + length) >>> 0;
  }
  return lines;
}

type LengthOf = (linear: number, code: Uint8Array, bits: 16 | 32) => number | null;

export function instructionRow(executed: Executed, count: number): ExplainedInstruction {
  const { position, linear, code, bits } = executed;
  const address = hex(linear);
  return { position: String(position), address, symbol: null, text: disassemble(code, linear, bits), count };
}
