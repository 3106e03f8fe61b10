/** What every field of a session is read with. */
import { DecoupleError } from '../formats/errors.js';

const ADVICE =
  'A session is a list of steps: send: "text\\n", expect: "regex" (with timeout: 30s), screen: "regex", keys: "text" ' +
  'or [enter, ctrl-c], mouse: { move: [3, -2] }, wait: 500ms; see docs/sessions.md.';

export function invalid(where: string, what: string): DecoupleError {
  return new DecoupleError('session-invalid', `${where} ${what}.`, ADVICE);
}

export function text(value: unknown, where: string): string {
  if (typeof value !== 'string' || value === '') throw invalid(where, `must be a text, not ${JSON.stringify(value)}`);
  return value;
}
