/**
 * Debian packages by name: pinned, downloaded once, unpacked once.
 *
 * A pinned file is taken only with the pinned SHA-256. Debian's archives drop a version once a newer one replaces it;
 * then the offered version is taken, whose hash apt has checked against the archive's signature, with a line saying
 * so. That trades exact reproducibility for a set-up that keeps working; what was built records what it was built of.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DecoupleError } from '../../formats/errors.js';
import { AptRoot, type OfferedPackage } from './apt-root.js';
import { runCommand } from './command.js';
import { sha256File } from './hash.js';
import { readLock, type Lock, type Pin } from './lock.js';
import { makeDirectory, removeLeftovers, scratchName } from './scratch.js';

export interface FetchedPackage extends Pin {
  /** Name asked for. */
  name: string;
  /** Directory with the package's files. */
  files: string;
}

/** Stands for the package with libgcc of a release: its name has the compiler's version. */
export const COMPILER_LIBRARY = 'libgcc-dev';

export class PackageStore {
  private readonly root: AptRoot;
  private readonly key: string;
  private readonly archives: string;
  private readonly lock: Lock;

  /**
   * @param cacheDir the project's .cache directory
   * @param report gets a line whenever something is downloaded or replaces a pin
   */
  constructor(
    cacheDir: string,
    release: string,
    architecture: string,
    private readonly report: (line: string) => void = () => undefined,
    lock?: Lock,
  ) {
    this.key = `${release}/${architecture}`;
    this.root = new AptRoot(join(cacheDir, 'debian', `${release}-${architecture}`), release, architecture);
    this.archives = join(cacheDir, 'debian', 'archives');
    this.lock = lock ?? readLock();
  }

  pin(name: string): Pin | null {
    return this.lock[this.key]?.[name] ?? null;
  }

  /** Downloads (when needed) and unpacks a package. */
  async fetch(name: string): Promise<FetchedPackage> {
    const pin = this.pin(name);
    const chosen = (pin && (await this.havePinned(name, pin))) ?? (await this.replacement(name, pin));
    return { ...chosen, name, files: await this.unpack(chosen) };
  }

  async fetchAll(names: Iterable<string>): Promise<FetchedPackage[]> {
    const fetched: FetchedPackage[] = [];
    this.root.wanted = [...new Set(names)];
    for (const name of this.root.wanted) fetched.push(await this.fetch(name));
    return fetched;
  }

  /** What the archive offers now under this name, metapackages followed. Used to move pins. */
  async offered(name: string): Promise<Pin | null> {
    const offer = await this.resolve(name);
    return offer && { package: offer.name, version: offer.version, sha256: offer.sha256 };
  }

  /** The pinned file, downloaded if it is not here; null when the archive no longer has it. */
  private async havePinned(name: string, pin: Pin): Promise<Pin | null> {
    const file = this.debPath(pin);
    if (existsSync(file) && (await sha256File(file)) === pin.sha256) return pin;
    // What was taken instead of a pin stays the choice, so that a build does not change under one's feet.
    const earlier = await this.rememberedReplacement(name, pin);
    if (earlier !== null) return earlier;
    const offer = (await this.root.offers(pin.package)).find((each) => each.version === pin.version);
    if (offer === undefined) return null;
    if (offer.sha256 !== pin.sha256) {
      throw new DecoupleError(
        'guest-build-failed',
        `${pin.package} ${pin.version}: the archive offers a file with SHA-256 ${offer.sha256}, pinned is ${pin.sha256}.`,
        'Do not use it; check which archive apt is set up for.',
      );
    }
    await this.download(offer);
    return pin;
  }

  private async replacement(name: string, pin: Pin | null): Promise<Pin> {
    const offer = await this.resolve(name);
    if (offer === null) {
      throw new DecoupleError(
        'guest-build-failed',
        `The Debian archive has no package ${name} for ${this.key}.`,
        'Check the name, or that the apt sources of this machine still carry that release.',
      );
    }
    if (pin !== null) {
      this.report(`${pin.package} ${pin.version} is no longer offered: taking ${offer.name} ${offer.version}`);
    }
    await this.download(offer);
    const chosen = { package: offer.name, version: offer.version, sha256: offer.sha256 };
    if (pin !== null) await this.rememberReplacement(name, pin, chosen);
    return chosen;
  }

  /** First offer; of a kernel metapackage (`linux-image-686`) the kernel it depends on. */
  private async resolve(name: string): Promise<OfferedPackage | null> {
    if (name === COMPILER_LIBRARY) return this.compilerLibrary();
    const offer = (await this.root.offers(name))[0];
    if (offer === undefined) return null;
    const isKernel = /^linux-image-\d+\./.test(name);
    const kernel = isKernel ? undefined : /\blinux-image-\d+\.[\w.+-]*/.exec(offer.depends)?.[0];
    return kernel === undefined ? offer : ((await this.root.offers(kernel))[0] ?? null);
  }

  /** Each release has the library of its own compiler, with the compiler's version in its name. */
  private async compilerLibrary(): Promise<OfferedPackage | null> {
    const compiler = (await this.root.offers('gcc'))[0];
    const version = /\bgcc-(\d+)/.exec(compiler?.depends ?? '')?.[1];
    return version === undefined ? null : ((await this.root.offers(`libgcc-${version}-dev`))[0] ?? null);
  }

  private async download(offer: OfferedPackage): Promise<void> {
    const file = this.debPath({ package: offer.name, version: offer.version });
    await mkdir(this.archives, { recursive: true });
    if (!existsSync(file)) {
      this.report(`downloading ${offer.name} ${offer.version}`);
      await removeLeftovers(this.archives);
      await this.root.download(offer, file);
    }
    if ((await sha256File(file)) === offer.sha256) return;
    await rm(file, { force: true });
    throw new DecoupleError('guest-build-failed', `${file} was damaged and is removed.`, 'Run this again.');
  }

  private debPath(pin: { package: string; version: string }): string {
    return join(
      this.archives,
      `${pin.package}_${pin.version}_${this.key.replace('/', '-')}.deb`.replaceAll(':', '%3a'),
    );
  }

  private async unpack(pin: Pin): Promise<string> {
    const target = join(this.root.directory, 'unpacked', `${pin.package}_${pin.sha256.slice(0, 16)}`);
    if (existsSync(target)) return target;
    await makeDirectory(target, async (scratch) => {
      const result = await runCommand('dpkg-deb', ['-x', this.debPath(pin), scratch]);
      if (result.status === 0) return;
      const message = `${this.debPath(pin)} cannot be unpacked: ${result.stderr.trim()}`;
      const advice = 'Free some disk space, or remove the file, and run this again.';
      throw new DecoupleError('guest-build-failed', message, advice);
    });
    return target;
  }

  private replacementPath(name: string, pin: Pin): string {
    return join(this.root.directory, 'replaced', `${name}_${pin.sha256.slice(0, 16)}.json`);
  }

  private async rememberedReplacement(name: string, pin: Pin): Promise<Pin | null> {
    const text = await readFile(this.replacementPath(name, pin), 'utf8').catch(() => null);
    if (text === null) return null;
    const chosen = JSON.parse(text) as Pin;
    const file = this.debPath(chosen);
    return existsSync(file) && (await sha256File(file)) === chosen.sha256 ? chosen : null;
  }

  private async rememberReplacement(name: string, pin: Pin, chosen: Pin): Promise<void> {
    const path = this.replacementPath(name, pin);
    await mkdir(join(path, '..'), { recursive: true });
    const scratch = scratchName(path);
    await writeFile(scratch, JSON.stringify(chosen));
    await rename(scratch, path);
  }
}
