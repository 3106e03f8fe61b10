/** tshark, which tests read captures with: the system's, else Debian 12's in a folder of the project's own. */
import { join } from 'node:path';
import { commandWorks } from '../../guests/debian/command.js';
import { fetchPrefix, findPrefix, type PrefixContents } from './debian-prefix.js';

/** The program, and those of its libraries that hardly any machine has. */
export const TSHARK: PrefixContents = {
  name: 'tshark',
  release: 'bookworm',
  packages: [
    ...['tshark', 'libwireshark16', 'libwireshark-data', 'libwiretap13', 'libwsutil14', 'wireshark-common'],
    ...['libbcg729-0', 'libc-ares2', 'liblua5.2-0', 'libmaxminddb0', 'libnl-3-200', 'libnl-genl-3-200', 'libpcap0.8'],
    ...['libsbc1', 'libsmi2ldbl', 'libsnappy1v5', 'libspandsp2', 'libspeexdsp1', 'libssh-gcrypt-4'],
  ],
};

/** How to run it. */
export interface TsharkLocation {
  program: string;
  environment: Record<string, string>;
}

/** Where tshark is, or null when it has to be fetched first. */
export async function findTshark(cacheDir: string): Promise<TsharkLocation | null> {
  if (await commandWorks('tshark')) return { program: 'tshark', environment: {} };
  const prefix = await findPrefix(cacheDir, TSHARK);
  if (prefix === null) return null;
  return {
    program: join(prefix.directory, 'usr', 'bin', 'tshark'),
    environment: {
      LD_LIBRARY_PATH: join(prefix.directory, 'usr', 'lib', prefix.triplet),
      WIRESHARK_DATA_DIR: join(prefix.directory, 'usr', 'share', 'wireshark'),
    },
  };
}

/** Errors: `network-unreachable`, `guest-build-failed`. */
export function fetchTshark(cacheDir: string, report: (line: string) => void): Promise<void> {
  return fetchPrefix(cacheDir, TSHARK, report);
}
