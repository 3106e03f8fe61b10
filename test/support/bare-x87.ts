/** x87 instructions as the engine's own functions, on registers that a test fills. */
import { LAYOUT } from '../../engines/v86/layout.js';
import type { BareEngine } from './bare-engine.js';

/** The engine's function for the registers of D9, and which of the eight. */
export type X87Function = readonly [name: string, which: number];

/** Whether exceptions are those of a processor (CR0.NE), and the x87 is there. */
const CR0 = 0x31;

/**
 * Runs one, from TOP 0.
 * @param st0 sign and exponent, significand: hexadecimal, with a space between
 * @param st1 alike
 */
export function runX87(
  engine: BareEngine,
  [name, which]: X87Function,
  control: number,
  st0: string,
  st1: string,
): void {
  engine.reset();
  engine.view.setInt32(LAYOUT.cr, CR0, true);
  engine.exports['set_control_word']!(control);
  [st0, st1].forEach((text, register) => {
    const [exponent, significand] = text.split(' ') as [string, string];
    engine.view.setBigUint64(LAYOUT.st + 16 * register, BigInt(`0x${significand}`), true);
    engine.view.setUint16(LAYOUT.st + 16 * register + 8, parseInt(exponent, 16), true);
  });
  engine.exports[name]!(which);
}

export interface X87Number {
  /** With the sign; four hexadecimal digits. */
  exponent: string;
  significand: bigint;
}

/** As tables have it. */
export function textOf({ exponent, significand }: X87Number): string {
  return `${exponent} ${significand.toString(16).padStart(16, '0')}`;
}

/** A register, counted from 0 whatever TOP is. */
export function x87Register({ view }: BareEngine, register: number): X87Number {
  const at = LAYOUT.st + 16 * register;
  const exponent = view
    .getUint16(at + 8, true)
    .toString(16)
    .padStart(4, '0');
  return { exponent, significand: view.getBigUint64(at, true) };
}

/** IE to SF of the status word. */
export function x87Exceptions({ view }: BareEngine): number {
  return view.getUint16(LAYOUT.fsw, true) & 0x7f;
}
