import type { ContainerReader } from '../../formats/container/index.js';
import { DecoupleError } from '../../formats/errors.js';

/** Snapshots of the cache are containers too, of nobody's concern. */
export function wrongKindToInspect({ path, kind }: ContainerReader): DecoupleError {
  return new DecoupleError(
    'wrong-kind',
    `${path} is a ${kind}; this needs a recording or a relog.`,
    'Give a file that `decouple record` or `decouple relog` wrote.',
  );
}
