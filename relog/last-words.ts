/** What is said of a guest that stopped by itself, and of a machine that died: where it was, and what it showed last. */
import { LAYOUT, translate, type Machine } from '../engines/v86/index.js';
import { DecoupleError } from '../formats/errors.js';
import { hex } from './hex.js';

/** @param lastLine of its console, as a terminal shows it */
export function guestStopped(machine: Machine, lastLine: string, how: string): DecoupleError {
  const row = lastRow(machine);
  const screen = row === '' || row === lastLine ? '' : `, and the last on its screen was ${JSON.stringify(row)}`;
  const said = lastLine === '' ? 'it printed nothing' : `its last line was ${JSON.stringify(lastLine)}`;
  return new DecoupleError(
    'guest-stopped',
    `The guest ${how}; ${said}${screen}.`,
    'The recording up to that moment is valid: replay, relog and analyse it to see why.',
  );
}

/** Of the VGA text screen, the last row with anything in it. */
function lastRow(machine: Machine): string {
  const rows = machine.textScreen().map((row) => row.replaceAll('\0', ' ').trimEnd());
  return rows.findLast((row) => row !== '') ?? '';
}

/** In words of the guest, where the engine's own say little. */
function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (message === 'unreachable')
    return 'the processor shut down (a triple fault), or met a case v86 does not implement';
  if (cause instanceof RangeError && message.includes('call stack')) return 'v86 ran out of stack';
  return message;
}

const LONGEST_INSTRUCTION = 15;

/** The instruction that the engine began last: its linear address, and its first bytes where they can be read. */
export function lastInstruction(machine: Machine): string {
  const memory = machine.memory.buffer;
  const linear = new DataView(memory).getUint32(LAYOUT.previousEip, true);
  const ram = machine.ram();
  const at = translate(memory, ram, linear);
  const code = at === null || at >= ram.length ? null : ram.subarray(at, at + LONGEST_INSTRUCTION).toString('hex');
  return `the instruction at linear address ${hex(linear)}${code === null ? '' : `, which begins with ${code}`}`;
}

export function engineDied(guest: string, machine: Machine, cause: unknown): DecoupleError {
  const why = reasonOf(cause);
  return new DecoupleError(
    'engine-died',
    `The machine died while it ran ${guest}, at or soon after ${lastInstruction(machine)}: ${why}.`,
    'The recording is valid up to a moment before; report the guest, as it does what the engine cannot.',
    { cause },
  );
}
