/** Where things are when nobody says otherwise. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { outputExists } from '../formats/errors.js';

/** The folder of package.json: this file runs as dist/cli/paths.js. */
export const PROJECT = fileURLToPath(new URL('../../', import.meta.url));

/** Guests, ready snapshots and instrumented engines: everything that can be made again. */
export const CACHE = process.env['DECOUPLE_CACHE'] ?? `${PROJECT}.cache`;

/**
 * Says no before minutes of work rather than after: the writer refuses an existing file too, when it opens it.
 * @param force null where there is no --force
 * @throws DecoupleError output-exists
 */
export function refuseExisting(path: string, force: boolean | null): void {
  if (force !== true && existsSync(path)) throw outputExists(path, undefined, force !== null);
}
