/** What every confined process sees of this computer: the programs that come with it, what they load, and what they are told of it. */
import { existsSync } from 'node:fs';

const PLACES = ['/usr', '/bin', '/lib', '/lib32', '/lib64', '/libx32', '/etc/alternatives', '/etc/ld.so.cache'];
/** What says where names are asked, for a process that may. */
const NAMES = ['/etc/hosts', '/etc/nsswitch.conf', '/etc/resolv.conf', '/etc/gai.conf'];

/** Arguments of bubblewrap that show a file or folder at its own path, to be read. */
export const shown = (path: string): string[] => ['--ro-bind', path, path];

/** Arguments of bubblewrap. */
export function systemPlaces({ names = false } = {}): string[] {
  const places = [...PLACES, ...(names ? NAMES : [])].filter((path) => existsSync(path));
  return [...places.flatMap(shown), ...kernelPlaces(), '--tmpfs', '/tmp'];
}

/** Its own processes, and the harmless devices. */
export const kernelPlaces = (): string[] => ['--proc', '/proc', '--dev', '/dev'];
