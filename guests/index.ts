/** Guests: machines described by a spec, made of Debian packages and programs of ours, ready to be recorded. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import type { DriveName } from '../formats/disks.js';
import { DecoupleError, inputError } from '../formats/errors.js';
import { readInput } from '../formats/input-file.js';
import { sha256File } from './debian/hash.js';
import type { DiskSpec, DiskSpecs } from './disk-spec.js';
import { buildDirectory, buildKey, type Build, findBuild, imageHash, stampOf, storeBuild } from './cache.js';
import type { GuestDisk, GuestImage } from './image.js';
import { specsDirectory } from './paths.js';
import { provision } from './provision.js';
import { reached } from './reach.js';
import { specError } from './fields.js';
import { parseSpec, type GuestSpec } from './spec.js';

export type { GuestDisk, GuestImage } from './image.js';
export type { ConsoleSpec, GuestSpec } from './spec.js';

export interface GuestSummary {
  name: string;
  description: string;
  /** Bytes of RAM. */
  memory: number;
}

export interface LoadGuestOptions {
  /** The project's .cache directory, or another one to keep packages and images in. */
  cacheDir: string;
  /** Gets a line for each thing that takes a while. */
  onStep?: (line: string) => void;
  /** Folders whose files a spec may name beside those of its own. */
  allowFiles?: readonly string[];
  /** Images to use instead of what the spec says, by drive. */
  disks?: Partial<Record<DriveName, string>>;
}

/**
 * A guest ready to boot, built first if it is not in the cache.
 *
 * @param nameOrPath name of a guest that comes with the project, or path of a spec
 * Errors: `guest-unknown`, `guest-invalid`, `guest-build-failed`, `network-unreachable`, `file-missing`.
 */
export async function loadGuest(nameOrPath: string, options: LoadGuestOptions): Promise<GuestImage> {
  const spec = withDisks(describeGuest(nameOrPath, options.allowFiles), options.disks ?? {});
  const key = await buildKey(spec);
  const { cacheDir, onStep = () => undefined } = options;
  let build = await findBuild(cacheDir, key);
  if (build === null) {
    await storeBuild(cacheDir, key, (target) => provision(spec, { cacheDir, target, onStep }));
    build = await findBuild(cacheDir, key);
  }
  if (build === null) {
    throw new DecoupleError(
      'guest-build-failed',
      `Guest ${spec.name} vanished right after its build.`,
      'Run this again.',
    );
  }
  const { firmware, boot, programs } = build.provisioned;
  const disks = await disksOf(spec, build, buildDirectory(cacheDir, key), onStep);
  const { name, memory, devices, ready, readyTimeout } = spec;
  const image = { name, memory, devices, firmware, boot, disks, ready, readyTimeout, programs };
  return { ...image, console: spec.console, hash: imageHash(image, buildDirectory(cacheDir, key), build.hashes) };
}

function withDisks(spec: GuestSpec, given: Partial<Record<DriveName, string>>): GuestSpec {
  const disks = Object.entries(given).map(([drive, path]) => [drive, { file: resolve(path) }]);
  return { ...spec, disks: { ...spec.disks, ...(Object.fromEntries(disks) as DiskSpecs) } };
}

/** Disks made for the guest, and the user's own, which are hashed now: they may have changed since the build. */
async function disksOf(
  spec: GuestSpec,
  { provisioned, hashes, stamps }: Build,
  directory: string,
  onStep: (line: string) => void,
) {
  const disks: GuestImage['disks'] = {};
  for (const [drive, disk] of Object.entries(spec.disks) as [DriveName, DiskSpec][]) {
    if ('file' in disk) disks[drive] = await imageFile(disk.file, drive, onStep);
    else {
      const path = provisioned.disks[drive]!;
      disks[drive] = { path, sha256: hashes[relative(directory, path)]!, ...stamps[path]! };
    }
  }
  return disks;
}

async function imageFile(path: string, drive: DriveName, onStep: (line: string) => void): Promise<GuestDisk> {
  const stamp = stampOf(path);
  const began = performance.now();
  const tell = (done: number, size: number): void => {
    const left = (((performance.now() - began) / 1000) * (size - done)) / done;
    const how = `${Math.floor((100 * done) / size)} %, ${Math.ceil(left)} s left`;
    onStep(`reading ${path}, which is ${drive}, for its SHA-256: ${how}`);
  };
  const sha256 = await sha256File(path, tell).catch((error: unknown) => Promise.reject(inputError(path, error)));
  return { path, sha256, ...stamp };
}

/** True when `loadGuest` will not have to build anything. */
export async function isGuestBuilt(nameOrPath: string, cacheDir: string): Promise<boolean> {
  return (await findBuild(cacheDir, await buildKey(describeGuest(nameOrPath)))) !== null;
}

/** The guests that come with the project, by name. */
export function listGuests(): Promise<GuestSummary[]> {
  const summaries = specNames().map((name) => {
    const { description, memory } = describeGuest(name);
    return { name, description, memory };
  });
  return Promise.resolve(summaries);
}

/** A spec has less. */
const SPEC_BYTES = 1 << 20;

/** The spec of a guest. Errors: `guest-unknown`, `guest-invalid`, `file-missing`. */
export function describeGuest(nameOrPath: string, allowFiles: readonly string[] = []): GuestSpec {
  return describe(nameOrPath, null, [], allowFiles);
}

/**
 * @param extending the path of the spec that extends it
 * @param above specs that extend this one, directly or not
 */
function describe(
  nameOrPath: string,
  extending: string | null,
  above: string[],
  allowed: readonly string[],
): GuestSpec {
  const isPath = nameOrPath.includes('/') || /\.ya?ml$/.test(nameOrPath);
  const given = (): string => (extending === null ? resolve(nameOrPath) : reached(extending, nameOrPath, allowed));
  const path = isPath ? given() : join(specsDirectory(), `${nameOrPath}.yaml`);
  if (above.includes(path)) throw specError(path, 'extends itself');
  if (!isPath && !existsSync(path)) {
    throw new DecoupleError(
      'guest-unknown',
      `There is no guest "${nameOrPath}".`,
      `Choose one of ${specNames().join(', ')}, or give the path of a spec.`,
    );
  }
  const text = readInput(path, SPEC_BYTES).toString('utf8');
  return parseSpec(text, path, (base) => describe(base, path, [...above, path], allowed), allowed);
}

function specNames(): string[] {
  return readdirSync(specsDirectory())
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => basename(file, '.yaml'))
    .sort();
}
