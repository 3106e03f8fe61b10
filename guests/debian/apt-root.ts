/**
 * A private apt: own sources, package lists and downloads in a directory of the project, so that packages of any
 * release and architecture can be had without root and without touching the machine's dpkg state. apt itself checks
 * the archive's signature (with Debian's own keyring) and every file's hash against what was signed.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DecoupleError } from '../../formats/errors.js';
import { commandWorks, runCommand, type CommandResult } from './command.js';
import { scratchName } from './scratch.js';
import { debianSources, parseStanza, readAptSources, readOsRelease } from './sources.js';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** One version of a package, as the signed package list describes it. */
export interface OfferedPackage {
  name: string;
  version: string;
  /** Of the .deb file, hex. */
  sha256: string;
  /** The Depends field, comma separated. */
  depends: string;
}

export class AptRoot {
  private readonly config: string;
  private updated = false;
  /** Packages that will be asked for, so that a machine without apt can say what it lacks. */
  wanted: string[] = [];

  /**
   * @param directory where the root lives; made when first used
   * @param release Debian release, for instance `bookworm`
   * @param architecture Debian architecture, for instance `i386`
   */
  constructor(
    readonly directory: string,
    readonly release: string,
    readonly architecture: string,
  ) {
    this.config = join(directory, 'apt.conf');
  }

  /** Fetches the package lists, once per process. Errors: `network-unreachable`, `guest-build-failed`. */
  async update(): Promise<void> {
    if (this.updated) return;
    await this.prepare();
    const result = await this.apt('apt-get', ['update']);
    if (result.status !== 0) throw this.failure('the package lists cannot be fetched', result);
    this.updated = true;
  }

  /** Versions on offer, the one apt would install first. Empty when the archive has no such package. */
  async offers(name: string): Promise<OfferedPackage[]> {
    await this.update();
    const result = await this.apt('apt-cache', ['show', '--', `${name}:${this.architecture}`]);
    // apt-cache fails for an unknown name, and there is nothing else it could fail for once the lists are there.
    if (result.status !== 0) return [];
    return result.stdout
      .toString('utf8')
      .split(/\n\n+/)
      .map(parseStanza)
      .filter((fields) => fields.has('version') && fields.has('sha256'))
      .map((fields) => ({
        name: fields.get('package') ?? name,
        version: fields.get('version') ?? '',
        sha256: fields.get('sha256') ?? '',
        depends: fields.get('depends') ?? '',
      }));
  }

  /** Downloads a .deb to `target`. apt has checked its hash when this returns. */
  async download(offered: OfferedPackage, target: string): Promise<void> {
    await this.update();
    const scratch = scratchName(target);
    await mkdir(scratch, { recursive: true });
    try {
      const result = await this.apt(
        'apt-get',
        ['download', '--', `${offered.name}:${this.architecture}=${offered.version}`],
        scratch,
      );
      if (result.status !== 0) throw this.failure(`${offered.name} ${offered.version} cannot be downloaded`, result);
      const deb = (await readdir(scratch)).find((file) => file.endsWith('.deb'));
      if (deb === undefined) throw this.failure(`${offered.name} ${offered.version} was not downloaded`, result);
      await rename(join(scratch, deb), target);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  /** Writes the configuration. Errors say what the machine lacks. */
  private async prepare(): Promise<void> {
    if (!(await commandWorks('apt-get')) || !(await commandWorks('dpkg-deb'))) {
      throw new DecoupleError(
        'guest-build-failed',
        `This needs the Debian packages ${this.wanted.join(', ')} (${this.release}, ${this.architecture}), and here is no apt-get or no dpkg-deb.`,
        'Run it on Debian 12 or 13 (a container will do), or copy the .cache directory from such a machine.',
      );
    }
    if (!existsSync(KEYRING)) {
      throw new DecoupleError(
        'guest-build-failed',
        `Debian packages are needed, and ${KEYRING} is missing, with which apt checks their signatures.`,
        'Install the package debian-archive-keyring.',
      );
    }
    const { id, codename } = readOsRelease();
    const sources = id === 'debian' ? debianSources(readAptSources(), codename, this.release) : [];
    if (sources.length === 0) {
      throw new DecoupleError(
        'guest-build-failed',
        `Debian packages are needed, and the apt sources of this machine (${id || 'not Debian'} ${codename}) name no Debian archive.`,
        `Add Debian's main archive for ${codename || 'your release'} to /etc/apt/sources.list, and run this again.`,
      );
    }
    const lists = join(this.directory, 'state', 'lists', 'partial');
    const archives = join(this.directory, 'cache', 'archives', 'partial');
    await Promise.all([mkdir(lists, { recursive: true }), mkdir(archives, { recursive: true })]);
    const lines = sources.map(
      (source) => `deb [arch=${this.architecture} signed-by=${KEYRING}] ${source.uri} ${source.suite} main\n`,
    );
    await writeFile(join(this.directory, 'sources.list'), lines.join(''));
    await writeFile(join(this.directory, 'status'), '');
    await writeFile(this.config, aptConfig(this.directory, this.architecture));
  }

  /** One apt at a time in this root: a second set-up waits for the first rather than failing on apt's own lock. */
  private apt(program: string, args: string[], cwd = this.directory): Promise<CommandResult> {
    return runCommand('flock', [join(this.directory, 'lock'), program, '-q', '-c', this.config, ...args], { cwd });
  }

  private failure(what: string, result: CommandResult): DecoupleError {
    const text = `${result.stderr}\n${result.stdout.toString('utf8')}`;
    const reason = /^[EW]: *(.*)$/m.exec(text)?.[1] ?? `apt ended with status ${result.status}`;
    const network = /resolv|connect|unreachable|timed? ?out|Temporary failure|No route|refused/i.test(text);
    const cause = new Error(text.trim());
    if (network) {
      const message = `Debian ${this.release} (${this.architecture}): ${what}, as its archive cannot be reached.`;
      const advice = 'Connect this machine to the network (or set apt up for your proxy), and run this again.';
      return new DecoupleError('network-unreachable', message, advice, { cause });
    }
    const message = `Debian ${this.release} (${this.architecture}): ${what}: ${reason}`;
    const advice = 'Check that `apt-get update` works on this machine, and run this again.';
    return new DecoupleError('guest-build-failed', message, advice, { cause });
  }
}

/**
 * Read after the machine's own configuration (`-c`), so proxies and certificates set there hold, but nothing that
 * would weaken the checks or run the machine's update hooks.
 */
function aptConfig(directory: string, architecture: string): string {
  const settings: [string, string][] = [
    ['Dir::State', join(directory, 'state')],
    ['Dir::State::status', join(directory, 'status')],
    ['Dir::Cache', join(directory, 'cache')],
    ['Dir::Etc::sourcelist', join(directory, 'sources.list')],
    ['Dir::Etc::sourceparts', '/dev/null'],
    ['Dir::Etc::preferences', '/dev/null'],
    ['Dir::Etc::preferencesparts', '/dev/null'],
    ['APT::Architecture', architecture],
    // The project's directory may be out of reach for apt's sandbox user.
    ['APT::Sandbox::User', 'root'],
    ['APT::Update::Error-Mode', 'any'],
    ['APT::Get::AllowUnauthenticated', 'false'],
    ['Acquire::AllowInsecureRepositories', 'false'],
    ['Acquire::AllowWeakRepositories', 'false'],
    ['Acquire::AllowDowngradeToInsecureRepositories', 'false'],
    ['Acquire::Languages', 'none'],
    ['Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled', 'false'],
    ['Acquire::IndexTargets::deb::DEP-11::DefaultEnabled', 'false'],
    ['Acquire::IndexTargets::deb::DEP-11-icons-small::DefaultEnabled', 'false'],
    ['Acquire::IndexTargets::deb::DEP-11-icons::DefaultEnabled', 'false'],
    ['Acquire::Retries', '2'],
    ['Acquire::http::Timeout', '20'],
    ['Acquire::https::Timeout', '20'],
  ];
  const cleared = ['APT::Architectures', 'APT::Update::Pre-Invoke', 'APT::Update::Post-Invoke'];
  cleared.push('APT::Update::Post-Invoke-Success', 'DPkg::Post-Invoke', 'APT::Default-Release');
  return (
    cleared.map((name) => `#clear ${name};\n`).join('') +
    settings.map(([name, value]) => `${name} "${value}";\n`).join('') +
    `APT::Architectures { "${architecture}"; };\n`
  );
}
