/** The options `--from` and `--to`: part of a relog. */
import type { Argv } from 'yargs';
import { DecoupleError } from '../formats/errors.js';
import type { Stretch } from '../relog/api.js';
import { parsePosition } from './units.js';

export interface StretchOptions {
  from: string | undefined;
  to: string | undefined;
}

export function withStretch<T>(yargs: Argv<T>, from: string, to: string): Argv<T & StretchOptions> {
  return yargs
    .option('from', { type: 'string', requiresArg: true, describe: from })
    .option('to', { type: 'string', requiresArg: true, describe: to });
}

/** @throws DecoupleError usage */
export function parseStretch(options: StretchOptions): Stretch {
  const from = options.from === undefined ? null : parsePosition(options.from, 'from');
  const to = options.to === undefined ? null : parsePosition(options.to, 'to');
  if (to !== null && to <= (from ?? 0)) {
    throw new DecoupleError('usage', '--to is not behind --from.', 'Give the earlier one as --from.');
  }
  return { from, to };
}
