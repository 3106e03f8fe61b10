/** tshark, which tests read captures with: the system's, else Debian 12's in a folder of the project's own. */
import { existsSync, readFileSync } from 'node:fs';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commandWorks, runCommand } from '../../guests/debian/command.js';
import { readLock } from '../../guests/debian/lock.js';
import { PackageStore } from '../../guests/debian/packages.js';
import { makeDirectory } from '../../guests/debian/scratch.js';

export const TSHARK_RELEASE = 'bookworm';
/** The program, and those of its libraries that hardly any machine has. */
export const TSHARK_PACKAGES = [
  ...['tshark', 'libwireshark16', 'libwireshark-data', 'libwiretap13', 'libwsutil14', 'wireshark-common'],
  ...['libbcg729-0', 'libc-ares2', 'liblua5.2-0', 'libmaxminddb0', 'libnl-3-200', 'libnl-genl-3-200', 'libpcap0.8'],
  ...['libsbc1', 'libsmi2ldbl', 'libsnappy1v5', 'libspandsp2', 'libspeexdsp1', 'libssh-gcrypt-4'],
];
export const TSHARK_ARCHITECTURES = ['amd64', 'arm64'];

/** How to run it. */
export interface TsharkLocation {
  program: string;
  environment: Record<string, string>;
}

/** Where tshark is, or null when it has to be fetched first. */
export async function findTshark(cacheDir: string): Promise<TsharkLocation | null> {
  if (await commandWorks('tshark')) return { program: 'tshark', environment: {} };
  const prefix = prefixDirectory(cacheDir);
  const stamp = join(prefix, 'packages.json');
  if (!existsSync(stamp)) return null;
  const { pins, triplet } = JSON.parse(readFileSync(stamp, 'utf8')) as { pins: unknown; triplet: string };
  if (JSON.stringify(pins) !== JSON.stringify(currentPins(await ask('--print-architecture')))) return null;
  return {
    program: join(prefix, 'usr', 'bin', 'tshark'),
    environment: {
      LD_LIBRARY_PATH: join(prefix, 'usr', 'lib', triplet),
      WIRESHARK_DATA_DIR: join(prefix, 'usr', 'share', 'wireshark'),
    },
  };
}

/** Errors: `network-unreachable`, `guest-build-failed`. */
export async function fetchTshark(cacheDir: string, report: (line: string) => void): Promise<void> {
  const architecture = await ask('--print-architecture');
  const packages = await new PackageStore(cacheDir, TSHARK_RELEASE, architecture, report).fetchAll(TSHARK_PACKAGES);
  // Debian's names of architectures are not those that its library folders have.
  const triplet = { amd64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }[architecture] ?? '';
  const fill = async (scratch: string): Promise<void> => {
    for (const each of packages) await cp(each.files, scratch, { recursive: true, verbatimSymlinks: true });
    await writeFile(join(scratch, 'packages.json'), JSON.stringify({ pins: currentPins(architecture), triplet }));
  };
  await makeDirectory(prefixDirectory(cacheDir), fill, async () => (await findTshark(cacheDir)) !== null);
}

function prefixDirectory(cacheDir: string): string {
  return join(cacheDir, 'tshark');
}

function currentPins(architecture: string): unknown {
  return readLock()[`${TSHARK_RELEASE}/${architecture}`] ?? null;
}

async function ask(option: string): Promise<string> {
  const result = await runCommand('dpkg', [option]);
  return result.status === 0 ? result.stdout.toString('utf8').trim() : process.arch;
}
