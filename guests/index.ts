/** Guests: machines described by a spec, made of Debian packages and programs of ours, ready to be recorded. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { DecoupleError, inputError } from '../formats/errors.js';
import { buildDirectory, buildKey, findBuild, imageHash, storeBuild } from './cache.js';
import type { GuestImage } from './image.js';
import { specsDirectory } from './paths.js';
import { provision } from './provision.js';
import { specError } from './fields.js';
import { parseSpec, type GuestSpec } from './spec.js';

export type { GuestImage } from './image.js';
export type { GuestSpec } from './spec.js';

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
}

/**
 * A guest ready to boot, built first if it is not in the cache.
 *
 * @param nameOrPath name of a guest that comes with the project, or path of a spec
 * Errors: `guest-unknown`, `guest-invalid`, `guest-build-failed`, `network-unreachable`, `file-missing`.
 */
export async function loadGuest(nameOrPath: string, options: LoadGuestOptions): Promise<GuestImage> {
  const spec = describeGuest(nameOrPath);
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
  const { name, memory, devices, ready, readyTimeout } = spec;
  const image = { name, memory, devices, firmware, boot, ready, readyTimeout, programs };
  return { ...image, hash: imageHash(image, buildDirectory(cacheDir, key), build.hashes) };
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

/** The spec of a guest. Errors: `guest-unknown`, `guest-invalid`, `file-missing`. */
export function describeGuest(nameOrPath: string): GuestSpec {
  return describe(nameOrPath, '.', []);
}

/**
 * @param directory that paths are relative to
 * @param above specs that extend this one, directly or not
 */
function describe(nameOrPath: string, directory: string, above: string[]): GuestSpec {
  const isPath = nameOrPath.includes('/') || /\.ya?ml$/.test(nameOrPath);
  const path = isPath ? resolve(directory, nameOrPath) : join(specsDirectory(), `${nameOrPath}.yaml`);
  if (above.includes(path)) throw specError(path, 'extends itself');
  if (!isPath && !existsSync(path)) {
    throw new DecoupleError(
      'guest-unknown',
      `There is no guest "${nameOrPath}".`,
      `Choose one of ${specNames().join(', ')}, or give the path of a spec.`,
    );
  }
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw inputError(path, error);
  }
  return parseSpec(text, path, (base) => describe(base, dirname(path), [...above, path]));
}

function specNames(): string[] {
  return readdirSync(specsDirectory())
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => basename(file, '.yaml'))
    .sort();
}
