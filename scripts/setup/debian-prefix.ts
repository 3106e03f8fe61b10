/** A few Debian packages side by side in a folder of the project's own, for programs that hardly any machine has. */
import { existsSync, readFileSync } from 'node:fs';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../guests/debian/command.js';
import { readLock } from '../../guests/debian/lock.js';
import { PackageStore } from '../../guests/debian/packages.js';
import { makeDirectory } from '../../guests/debian/scratch.js';

/** Debian's names of the architectures that such programs are pinned for. */
export const PREFIX_ARCHITECTURES = ['amd64', 'arm64'];

export interface PrefixContents {
  /** Its folder in the cache. */
  name: string;
  release: string;
  packages: readonly string[];
}

export interface PrefixLocation {
  directory: string;
  /** Debian's name of folders with libraries of this architecture. */
  triplet: string;
}

/** Where it is; null when it has to be fetched first, or was made of packages that are not pinned any more. */
export async function findPrefix(cacheDir: string, contents: PrefixContents): Promise<PrefixLocation | null> {
  const directory = join(cacheDir, contents.name);
  const stamp = join(directory, 'packages.json');
  if (!existsSync(stamp)) return null;
  const { pins, triplet } = JSON.parse(readFileSync(stamp, 'utf8')) as { pins: unknown; triplet: string };
  if (JSON.stringify(pins) !== JSON.stringify(pinsOf(contents, await architecture()))) return null;
  return { directory, triplet };
}

/** Errors: `network-unreachable`, `guest-build-failed`. */
export async function fetchPrefix(
  cacheDir: string,
  contents: PrefixContents,
  report: (line: string) => void,
): Promise<void> {
  const here = await architecture();
  const packages = await new PackageStore(cacheDir, contents.release, here, report).fetchAll(contents.packages);
  // Debian's names of architectures are not those that its library folders have.
  const triplet = { amd64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }[here] ?? '';
  const fill = async (scratch: string): Promise<void> => {
    for (const each of packages) await cp(each.files, scratch, { recursive: true, verbatimSymlinks: true });
    await writeFile(join(scratch, 'packages.json'), JSON.stringify({ pins: pinsOf(contents, here), triplet }));
  };
  const isGood = async (): Promise<boolean> => (await findPrefix(cacheDir, contents)) !== null;
  await makeDirectory(join(cacheDir, contents.name), fill, isGood);
}

/** In the order of the lock; packages of other programs in it change nothing. */
function pinsOf({ release, packages }: PrefixContents, here: string): unknown {
  const pins = Object.entries(readLock()[`${release}/${here}`] ?? {});
  return Object.fromEntries(pins.filter(([name]) => packages.includes(name)));
}

async function architecture(): Promise<string> {
  const result = await runCommand('dpkg', ['--print-architecture']);
  return result.status === 0 ? result.stdout.toString('utf8').trim() : process.arch;
}
