/**
 * Which files of this computer a spec may name. Specs are sent around, and what they name goes into recordings, which are sent around
 * too: a spec reaches its own folder but for hidden files, what belongs to the project, and folders that the user allows.
 */
import { realpathSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { DecoupleError } from '../formats/errors.js';
import { projectRoot } from './paths.js';

/**
 * @param spec its path, absolute
 * @param file as the spec names it
 * @param allowed folders
 * @returns its absolute path
 * @throws DecoupleError guest-invalid
 */
export function reached(spec: string, file: string, allowed: readonly string[]): string {
  const path = resolve(dirname(spec), file);
  const real = realPath(path);
  const folder = realPath(dirname(spec));
  const own = folder !== sep && isWithin(folder, real) && !relative(folder, real).split(sep).some(isHidden);
  if (own || [join(projectRoot(), 'guests'), ...allowed].some((each) => isWithin(realPath(each), real))) return path;
  const message = `${spec} names ${path}, which does not lie in its folder, or is hidden there.`;
  const advice = `If the spec may read it, give --allow-files ${dirname(path)}: what is in it can get into recordings.`;
  throw new DecoupleError('guest-invalid', message, advice);
}

const isHidden = (name: string): boolean => name.startsWith('.');

function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** Without links, as far as it is there. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(realPath(above), basename(path));
  }
}
