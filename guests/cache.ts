/** Built guests on disk: `<cacheDir>/guests/<key>/`, complete or not there at all. */
import { statSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { inputError } from '../formats/errors.js';
import { COMPILER_PACKAGES, findCompiler, sourceFiles } from './assemble/compiler.js';
import { sha256, sha256File } from './debian/hash.js';
import { readLock } from './debian/lock.js';
import { makeDirectory } from './debian/scratch.js';
import type { GuestImage } from './image.js';
import { packagesOf, type Provisioned } from './provision.js';
import { readSource } from './source.js';
import type { GuestSpec } from './spec.js';

/** To be raised when the same inputs are made into other bytes. */
const BUILDER_VERSION = 2;

/** What image.json holds: the result with paths relative to its directory, and the hash of each file. */
interface Stored {
  provisioned: Provisioned;
  hashes: Record<string, string>;
}

/** A build as it is found on disk, with what its files are now. */
export interface Build {
  provisioned: Provisioned;
  /** By path, relative to the build for those within it. */
  hashes: Record<string, string>;
  /** By absolute path; taken before the hashes. */
  stamps: Record<string, FileStamp>;
}

/** Decides what gets built: everything that goes in, known without building. */
export async function buildKey(spec: GuestSpec): Promise<string> {
  const pins = readLock()[`${spec.release}/i386`] ?? {};
  const names = packagesOf(spec);
  const compiler = names.some((name) => COMPILER_PACKAGES.includes(name)) ? await findCompiler() : null;
  const inputs = {
    version: BUILDER_VERSION,
    spec: { ...spec, disks: madeDisks(spec), description: '', ready: '', readyTimeout: 0, console: undefined },
    pins: names.map((name) => [name, pins[name]?.sha256 ?? null]),
    compiler: compiler?.version ?? null,
    files: inputFiles(spec).map((path) => [path, fileKey(path)]),
  };
  return sha256(JSON.stringify(inputs)).slice(0, 32);
}

const madeDisks = (spec: GuestSpec): unknown[] => Object.entries(spec.disks).filter(([, disk]) => 'size' in disk);

/** Files of the user or the project that are copied into the image. Disk images are not: they are used where they are. */
function inputFiles(spec: GuestSpec): string[] {
  const files: string[] = [];
  if (spec.firmware !== null) files.push(spec.firmware.bios, spec.firmware.vgaBios);
  if (spec.boot.kind !== 'disk') {
    if ('file' in spec.boot.kernel) files.push(spec.boot.kernel.file);
    if (spec.boot.initrd !== null && 'file' in spec.boot.initrd) files.push(spec.boot.initrd.file);
  }
  for (const file of spec.initramfs?.files ?? []) if ('source' in file) files.push(file.source);
  for (const program of spec.initramfs?.programs ?? []) files.push(...sourceFiles(program.source));
  return files;
}

function fileKey(path: string): string {
  return sha256(readSource(path));
}

/** Runs `build` in a fresh directory and stores its result under `key`. An interrupted build leaves nothing behind. */
export async function storeBuild(
  cacheDir: string,
  key: string,
  build: (target: string) => Promise<Provisioned>,
): Promise<void> {
  const fill = async (scratch: string): Promise<void> => {
    const provisioned = mapPaths(await build(scratch), (path) => relativeInside(scratch, path));
    const hashes: Record<string, string> = {};
    for (const path of pathsOf(provisioned)) hashes[path] = await sha256File(resolve(scratch, path));
    const stored: Stored = { provisioned, hashes };
    await writeFile(join(scratch, 'image.json'), JSON.stringify(stored, null, 2) + '\n');
  };
  await makeDirectory(buildDirectory(cacheDir, key), fill, async () => (await findBuild(cacheDir, key)) !== null);
}

/**
 * @returns null when it is not there or damaged (each file is hashed, about 0.1 s); files of the user outside the cache
 *   may have changed since, and their present hash counts
 */
export async function findBuild(cacheDir: string, key: string): Promise<Build | null> {
  const directory = buildDirectory(cacheDir, key);
  const text = await readFile(join(directory, 'image.json'), 'utf8').catch(() => null);
  if (text === null) return null;
  const stored = JSON.parse(text) as Stored;
  const hashes: Record<string, string> = {};
  const stamps: Record<string, FileStamp> = {};
  for (const [path, expected] of Object.entries(stored.hashes)) {
    const absolute = resolve(directory, path);
    const isOurs = absolute !== path;
    if (isOurs && statSync(absolute, { throwIfNoEntry: false }) === undefined) return null;
    stamps[absolute] = stampOf(absolute);
    const found = await sha256File(absolute).catch((error: unknown) => Promise.reject(inputError(absolute, error)));
    if (isOurs && found !== expected) return null;
    hashes[path] = found;
  }
  return { provisioned: mapPaths(stored.provisioned, (path) => resolve(directory, path)), hashes, stamps };
}

/** What a file was when its hash was taken. */
export interface FileStamp {
  size: number;
  /** Nanoseconds since 1970, decimal. */
  modified: string;
}

export function stampOf(path: string): FileStamp {
  try {
    const { size, mtimeNs } = statSync(path, { bigint: true });
    return { size: Number(size), modified: mtimeNs.toString() };
  } catch (error) {
    throw inputError(path, error);
  }
}

/** Hash over the content of all files and everything else that decides how the guest behaves, but not where it lies. */
export function imageHash(
  image: Omit<GuestImage, 'hash' | 'console'>,
  directory: string,
  hashes: Record<string, string>,
): string {
  const content = (path: string): string => hashes[relativeInside(directory, path)] ?? path;
  const { firmware, boot, programs } = mapPaths({ ...image, disks: {}, packages: [] }, content);
  const disks = Object.entries(image.disks).map(([drive, { sha256, size }]) => [drive, sha256, size]);
  return sha256(JSON.stringify({ ...image, firmware, boot, programs, disks }));
}

export function buildDirectory(cacheDir: string, key: string): string {
  return resolve(cacheDir, 'guests', key);
}

function relativeInside(directory: string, path: string): string {
  const short = relative(directory, path);
  return short.startsWith('..') ? path : short;
}

function mapPaths<T extends Pick<Provisioned, 'firmware' | 'boot' | 'disks' | 'programs'>>(
  value: T,
  map: (path: string) => string,
): T {
  const optional = (path: string | null): string | null => (path === null ? null : map(path));
  const mapBoot = (boot: GuestImage['boot']): GuestImage['boot'] => {
    if (boot.kind === 'multiboot') return { ...boot, image: map(boot.image) };
    if (boot.kind === 'bzimage') return { ...boot, kernel: map(boot.kernel), initrd: optional(boot.initrd) };
    return boot;
  };
  return {
    ...value,
    firmware: { bios: map(value.firmware.bios), vgaBios: map(value.firmware.vgaBios) },
    boot: mapBoot(value.boot),
    disks: Object.fromEntries(Object.entries(value.disks).map(([drive, path]) => [drive, map(path)])),
    programs: value.programs.map((each) => ({ ...each, elf: map(each.elf) })),
  };
}

/** All files of a result. */
function pathsOf(provisioned: Provisioned): string[] {
  const paths: string[] = [];
  mapPaths(provisioned, (path) => {
    paths.push(path);
    return path;
  });
  return paths;
}
