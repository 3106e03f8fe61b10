/** The option `--show-port`: ports that a guest reports on, and how what it writes there is shown. */
import { DecoupleError } from '../formats/errors.js';

/** @param values hexadecimal, as e9, 0xe9 or e9h @throws DecoupleError usage */
export function parsePorts(values: readonly string[]): number[] {
  return values.map((value) => {
    const digits = /^(?:0x)?([0-9a-f]{1,4})h?$/i.exec(value)?.[1];
    if (digits !== undefined) return Number.parseInt(digits, 16);
    throw new DecoupleError(
      'usage',
      `--show-port ${value} names no port.`,
      'Write its number in hexadecimal, as in --show-port e9.',
    );
  });
}
