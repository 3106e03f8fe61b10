/** libunicorn, the simulator's CPU: the system's if it is new enough, else Debian 13's in a prefix of the project's own. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DecoupleError } from '../../formats/errors.js';
import { commandWorks, runCommand } from '../../guests/debian/command.js';
import { readLock } from '../../guests/debian/lock.js';
import { PackageStore } from '../../guests/debian/packages.js';
import { makeDirectory } from '../../guests/debian/scratch.js';

export const UNICORN_RELEASE = 'trixie';
export const UNICORN_PACKAGES = ['libunicorn2t64', 'libunicorn-dev'];
/** Debian's names of the architectures it is pinned for. */
export const UNICORN_ARCHITECTURES = ['amd64', 'arm64'];
/** Older ones walk page tables wrongly. */
const UNICORN_VERSION = '2.1.1';

export interface UnicornLocation {
  /** Directory with unicorn/unicorn.h. */
  include: string;
  /** Directory with libunicorn.so. */
  lib: string;
  version: string;
}

/** Where libunicorn is, or null when it has to be fetched first. */
export async function findUnicorn(cacheDir: string): Promise<UnicornLocation | null> {
  return (await systemUnicorn()) ?? (await prefixUnicorn(cacheDir));
}

async function systemUnicorn(): Promise<UnicornLocation | null> {
  const ask = async (...args: string[]): Promise<string | null> => {
    const result = await runCommand('pkg-config', [...args, 'unicorn']);
    return result.status === 0 ? result.stdout.toString('utf8').trim() : null;
  };
  if ((await ask(`--atleast-version=${UNICORN_VERSION}`)) === null) return null;
  const [include, lib, version] = [
    await ask('--variable=includedir'),
    await ask('--variable=libdir'),
    await ask('--modversion'),
  ];
  return include && lib && version ? { include, lib, version } : null;
}

const prefixDirectory = (cacheDir: string): string => join(cacheDir, 'prefix');

/** The prefix counts only if it was made of what is pinned now, or of what replaced that (see packages.ts). */
async function prefixUnicorn(cacheDir: string): Promise<UnicornLocation | null> {
  const prefix = prefixDirectory(cacheDir);
  const stamp = join(prefix, 'packages.json');
  if (!existsSync(stamp)) return null;
  const { pins, version } = JSON.parse(readFileSync(stamp, 'utf8')) as { pins: unknown; version: string };
  if (JSON.stringify(pins) !== JSON.stringify(await currentPins())) return null;
  const library = join(prefix, 'usr', 'lib');
  const triplet = readdirSync(library).find((name) => existsSync(join(library, name, 'libunicorn.so')));
  return triplet === undefined
    ? null
    : { include: join(prefix, 'usr', 'include'), lib: join(library, triplet), version };
}

async function currentPins(): Promise<unknown> {
  return readLock()[`${UNICORN_RELEASE}/${await architecture()}`] ?? null;
}

/** Debian's name of this machine's architecture. */
async function architecture(): Promise<string> {
  const result = await runCommand('dpkg', ['--print-architecture']);
  return result.status === 0 ? result.stdout.toString('utf8').trim() : process.arch;
}

/** Errors: `simulator-unavailable`, `network-unreachable`, `guest-build-failed`. */
export async function fetchUnicorn(cacheDir: string, report: (line: string) => void): Promise<void> {
  if (!(await commandWorks('apt-get')) || !(await commandWorks('dpkg-deb'))) {
    throw new DecoupleError(
      'simulator-unavailable',
      `The simulator needs libunicorn ${UNICORN_VERSION} or newer, which is not here, and this machine has no apt to fetch it with.`,
      'Install it with its headers and pkg-config (Debian 13: libunicorn-dev, Fedora: unicorn-devel, Arch: unicorn).',
    );
  }
  const store = new PackageStore(cacheDir, UNICORN_RELEASE, await architecture(), report);
  const packages = await store.fetchAll(UNICORN_PACKAGES);
  const fill = async (scratch: string): Promise<void> => {
    for (const each of packages) await cp(each.files, scratch, { recursive: true, verbatimSymlinks: true });
    const version = packages[0]?.version ?? '';
    await writeFile(join(scratch, 'packages.json'), JSON.stringify({ pins: await currentPins(), version }));
  };
  await makeDirectory(prefixDirectory(cacheDir), fill, async () => (await prefixUnicorn(cacheDir)) !== null);
}
