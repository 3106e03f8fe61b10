/** Bubblewrap, which confines what runs strangers' code: the system's, else Debian 12's in a folder of the project's own. */
import { BUBBLEWRAP_FOLDER, findBubblewrap } from '../../confine/index.js';
import { fetchPrefix, findPrefix, type PrefixContents } from './debian-prefix.js';

/** The program, and that of its libraries that a small system may lack. */
export const BUBBLEWRAP: PrefixContents = {
  name: BUBBLEWRAP_FOLDER,
  release: 'bookworm',
  packages: ['bubblewrap', 'libcap2'],
};

/** Whether it is here. That the system lets it work is another matter. */
export async function hasBubblewrap(cacheDir: string): Promise<boolean> {
  return (await findBubblewrap()) !== null || (await findPrefix(cacheDir, BUBBLEWRAP)) !== null;
}

/** Errors: `network-unreachable`, `guest-build-failed`. */
export function fetchBubblewrap(cacheDir: string, report: (line: string) => void): Promise<void> {
  return fetchPrefix(cacheDir, BUBBLEWRAP, report);
}
