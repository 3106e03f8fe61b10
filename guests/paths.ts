import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout this module belongs to: the nearest directory above it with a package.json (compiled code lies in dist/). */
export function projectRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package.json'))) {
    const parent = dirname(directory);
    if (parent === directory) throw new Error('guests/paths: no package.json above this module');
    directory = parent;
  }
  return directory;
}

/** Directory of the specs that come with the project. */
export const specsDirectory = (): string => join(projectRoot(), 'guests', 'specs');
