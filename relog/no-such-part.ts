import { DecoupleError } from '../formats/errors.js';

/** A stretch was asked for that the relog does not have. @param why ends the sentence */
export function noSuchPart(path: string, why: string): DecoupleError {
  return new DecoupleError(
    'usage',
    `${path} has no such part: ${why}.`,
    'Give positions within the relog; `decouple info` says how far it goes.',
  );
}
