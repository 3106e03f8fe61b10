/** From a spec to files a machine can boot. Everything is a function of the spec, the files it names and the packages. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { copyFile, mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DriveName } from '../formats/disks.js';
import { DecoupleError } from '../formats/errors.js';
import { readBzImage } from './assemble/bzimage.js';
import { COMPILER_PACKAGES, compileProgram, findCompiler } from './assemble/compiler.js';
import { buildInitramfs, hostPath } from './assemble/initramfs.js';
import { hasSandbox } from './assemble/sandbox.js';
import { buildMultibootImage } from './assemble/multiboot.js';
import { isMultiboot, wrapMultibootKernel } from './assemble/multiboot-kernel.js';
import { PackageStore, type FetchedPackage } from './debian/packages.js';
import type { DiskSpec } from './disk-spec.js';
import { FIRMWARE_LIMITS } from '../formats/firmware.js';
import type { GuestImage } from './image.js';
import { pathInPackage, pathOf, readSource } from './source.js';
import type { BootSpec, GuestSpec, ProgramSpec, KernelSource } from './spec.js';

const FIRMWARE_PACKAGE = 'seabios';
const FLOPPY_BYTES = 1_474_560;

export interface Provisioned {
  firmware: GuestImage['firmware'];
  boot: GuestImage['boot'];
  /** Paths of the disks made for the guest. */
  disks: Partial<Record<DriveName, string>>;
  programs: GuestImage['programs'];
  /** What it was made of. */
  packages: { name: string; package: string; version: string; sha256: string }[];
}

export interface ProvisionOptions {
  /** The project's .cache directory. */
  cacheDir: string;
  /** Where the files go; exists and is empty. */
  target: string;
  onStep: (line: string) => void;
}

/** Names of all packages a spec needs. */
export function packagesOf(spec: GuestSpec): string[] {
  const names = new Set<string>();
  if (spec.firmware === null) names.add(FIRMWARE_PACKAGE);
  if (spec.boot.kind !== 'disk') {
    const { kernel, initrd } = spec.boot;
    for (const source of [kernel, initrd]) if (source !== null && 'package' in source) names.add(source.package);
  }
  for (const disk of Object.values(spec.disks)) if ('package' in disk) names.add(disk.package);
  for (const file of spec.initramfs?.files ?? []) if ('package' in file) names.add(file.package);
  if (spec.initramfs?.programs.length) COMPILER_PACKAGES.forEach((name) => names.add(name));
  return [...names];
}

/** Errors: `guest-build-failed`, `guest-invalid`, `network-unreachable`, `file-missing`. */
export async function provision(spec: GuestSpec, options: ProvisionOptions): Promise<Provisioned> {
  const store = new PackageStore(options.cacheDir, spec.release, 'i386', options.onStep);
  const fetched = await store.fetchAll(packagesOf(spec));
  const packages = new Map(fetched.map((each) => [each.name, each.files]));
  const programs = await compileAll(spec.initramfs?.programs ?? [], fetched, options);
  const boot = await provideBoot(spec, packages, programs, options);
  return {
    firmware: await provideFirmware(spec, packages, options.target),
    boot,
    disks: await provideDisks(spec, packages, options.target),
    programs: await keepPrograms(spec, packages, programs, options.target),
    packages: fetched.map(({ name, package: real, version, sha256 }) => ({ name, package: real, version, sha256 })),
  };
}

async function compileAll(
  programs: ProgramSpec[],
  fetched: FetchedPackage[],
  options: ProvisionOptions,
): Promise<Map<string, string>> {
  const compiled = new Map<string, string>();
  if (programs.length === 0) return compiled;
  const compiler = await findCompiler();
  const libraries = fetched.filter((each) => COMPILER_PACKAGES.includes(each.name));
  const open = (await hasSandbox()) ? '' : ', which may read what they like: bubblewrap is not here, or may not work';
  options.onStep(`compiling ${programs.length} programs for i386${open}`);
  for (const program of programs) {
    const elf = await compileProgram(program, compiler, libraries, join(options.cacheDir, 'guests', 'programs'));
    compiled.set(program.path, elf);
  }
  return compiled;
}

async function provideBoot(
  spec: GuestSpec,
  packages: ReadonlyMap<string, string>,
  programs: ReadonlyMap<string, string>,
  options: ProvisionOptions,
): Promise<GuestImage['boot']> {
  if (spec.boot.kind === 'disk') return spec.boot;
  const kernel = kernelFile(spec.boot.kernel, packages);
  const kernelPackage = 'package' in spec.boot.kernel ? (packages.get(spec.boot.kernel.package) ?? null) : null;
  const initrd =
    spec.initramfs === null
      ? readInitrd(spec.boot, packages)
      : buildInitramfs(spec.initramfs, { packages, programs, kernel: kernelPackage });
  if (spec.boot.kind === 'bzimage') return copyKernel(kernel, initrd, spec.boot.commandLine, options.target);
  options.onStep('unpacking the kernel into a multiboot image');
  const image = join(options.target, 'boot.elf');
  await writeFile(image, await multiboot(spec, spec.boot.commandLine, kernel, initrd));
  return { kind: 'multiboot', image };
}

/** Disks from packages, and empty ones, as files without blocks. Images of the user are no part of a build: they are used where they are. */
async function provideDisks(
  spec: GuestSpec,
  packages: ReadonlyMap<string, string>,
  target: string,
): Promise<Provisioned['disks']> {
  const disks: Provisioned['disks'] = {};
  for (const [drive, disk] of Object.entries(spec.disks) as [DriveName, DiskSpec][]) {
    if ('file' in disk) continue;
    const image = join(target, `${drive}.img`);
    if ('package' in disk) {
      // A copy, as the cache of packages may be thrown away.
      await writeFile(image, readSource(pathOf(disk, packages)));
      // Written to a floppy, a short image leaves the rest of it empty.
      if (drive === 'fda' && statSync(image).size < FLOPPY_BYTES) await truncate(image, FLOPPY_BYTES);
    } else {
      await writeFile(image, '');
      await truncate(image, disk.size);
    }
    disks[drive] = image;
  }
  return disks;
}

async function multiboot(spec: GuestSpec, commandLine: string, kernel: string, initrd: Buffer | null): Promise<Buffer> {
  const bytes = readSource(kernel);
  const memory = spec.memory;
  if (isMultiboot(bytes)) {
    if (initrd === null && commandLine === '') return bytes;
    return fitting(spec, () => wrapMultibootKernel({ kernel: bytes, module: initrd, commandLine, memory }));
  }
  const bzImage = await readBzImage(bytes, kernel);
  return fitting(spec, () => buildMultibootImage({ kernel: bzImage, initrd, commandLine, memory }));
}

function fitting(spec: GuestSpec, build: () => Buffer): Buffer {
  try {
    return build();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const advice = 'Give the guest more memory in its spec, or another kernel.';
    throw new DecoupleError('guest-invalid', `Guest ${spec.name}: ${error.message}.`, advice, { cause: error });
  }
}

async function copyKernel(
  kernel: string,
  initrd: Buffer | null,
  cmdline: string,
  target: string,
): Promise<GuestImage['boot']> {
  const copy = join(target, 'vmlinuz');
  await writeFile(copy, wholeWords(readSource(kernel)));
  if (initrd === null) return { kind: 'bzimage', kernel: copy, initrd: null, cmdline };
  await writeFile(join(target, 'initrd'), initrd);
  return { kind: 'bzimage', kernel: copy, initrd: join(target, 'initrd'), cmdline };
}

/** The machine takes images as words of 32 bits. Kernels end with one anyway; other programs in that format need not. */
function wholeWords(image: Buffer): Buffer {
  return Buffer.concat([image, Buffer.alloc(-image.length & 3)]);
}

function readInitrd(
  { initrd }: Exclude<BootSpec, { kind: 'disk' }>,
  packages: ReadonlyMap<string, string>,
): Buffer | null {
  if (initrd === null) return null;
  return readSource(pathOf(initrd, packages));
}

function kernelFile(source: KernelSource, packages: ReadonlyMap<string, string>): string {
  if ('file' in source || source.from !== null) return pathOf(source, packages);
  const boot = pathInPackage(packages, source.package, 'boot');
  const name = (existsSync(boot) ? readdirSync(boot) : []).find((each) => each.startsWith('vmlinuz-'));
  if (name !== undefined) return join(boot, name);
  const advice = 'Name a package such as linux-image-686 in the guest spec.';
  throw new DecoupleError('guest-build-failed', `Package ${source.package} holds no kernel.`, advice);
}

function firmwareTooLarge(path: string, size: number, most: number): DecoupleError {
  return new DecoupleError(
    'guest-build-failed',
    `${path} has ${size} bytes; the machine takes a firmware of at most ${most}.`,
    'Use a firmware for BIOS machines, like SeaBIOS; UEFI firmware does not fit.',
  );
}

async function provideFirmware(
  spec: GuestSpec,
  packages: ReadonlyMap<string, string>,
  target: string,
): Promise<GuestImage['firmware']> {
  const share = pathInPackage(packages, FIRMWARE_PACKAGE, 'usr/share/seabios');
  const from = spec.firmware ?? { bios: join(share, 'bios.bin'), vgaBios: join(share, 'vgabios-stdvga.bin') };
  const firmware = { bios: join(target, 'bios.bin'), vgaBios: join(target, 'vgabios.bin') };
  for (const image of ['bios', 'vgaBios'] as const) {
    const bytes = readSource(from[image]);
    if (bytes.length > FIRMWARE_LIMITS[image])
      throw firmwareTooLarge(from[image], bytes.length, FIRMWARE_LIMITS[image]);
    await writeFile(firmware[image], bytes);
  }
  return firmware;
}

/** ELF files of the guest's root, for symbols: our programs, and what packages brought. */
async function keepPrograms(
  spec: GuestSpec,
  packages: ReadonlyMap<string, string>,
  programs: ReadonlyMap<string, string>,
  target: string,
): Promise<GuestImage['programs']> {
  const sources = new Map(programs);
  for (const file of spec.initramfs?.files ?? []) {
    if ('text' in file) continue;
    const path = hostPath(file, packages);
    if (readSource(path).toString('latin1', 0, 4) === '\x7fELF') sources.set(file.path, path);
  }
  const kept: GuestImage['programs'] = [];
  for (const [guestPath, source] of [...sources].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const elf = join(target, 'programs', guestPath);
    await mkdir(join(elf, '..'), { recursive: true });
    await copyFile(source, elf);
    kept.push({ guestPath, elf });
  }
  return kept;
}
