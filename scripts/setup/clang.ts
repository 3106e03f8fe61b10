/** clang with its fuzzer and sanitizers, for `npm run fuzz:native` alone: Debian 12's, in a folder of the project's own. */
import { join } from 'node:path';
import { fetchPrefix, findPrefix, type PrefixContents } from './debian-prefix.js';

/** The compiler, its runtimes, and those of its libraries that machines with g++ may lack. */
export const CLANG: PrefixContents = {
  name: 'clang',
  release: 'bookworm',
  packages: [
    ...['clang-14', 'libclang-common-14-dev', 'libclang-cpp14', 'libclang-rt-14-dev', 'libllvm14'],
    ...['llvm-14-linker-tools', 'libbsd0', 'libedit2', 'libicu72', 'libmd0', 'libxml2', 'libz3-4'],
  ],
};

/** How to run it. */
export interface ClangLocation {
  program: string;
  environment: Record<string, string>;
}

/** Fetches it when it is not here. Errors: `network-unreachable`, `guest-build-failed`. */
export async function provideClang(cacheDir: string, report: (line: string) => void): Promise<ClangLocation> {
  if ((await findPrefix(cacheDir, CLANG)) === null) await fetchPrefix(cacheDir, CLANG, report);
  const prefix = await findPrefix(cacheDir, CLANG);
  if (prefix === null) throw new Error('clang vanished while it was set up');
  const { directory, triplet } = prefix;
  const libraries = ['usr/lib', 'lib'].map((folder) => join(directory, folder, triplet));
  return {
    program: join(directory, 'usr', 'lib', 'llvm-14', 'bin', 'clang'),
    environment: { LD_LIBRARY_PATH: [...libraries, join(directory, 'usr/lib/llvm-14/lib')].join(':') },
  };
}
