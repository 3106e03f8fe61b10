/**
 * A disk with a Debian of its own: mmdebstrap makes the system, mke2fs the file system, fakeroot remembers whose files
 * they are. Neither root nor a mount is needed.
 */
import { copyFile, cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { DecoupleError } from '../../formats/errors.js';
import { commandWorks } from '../../guests/debian/command.js';
import { debianSources, readAptSources, readOsRelease } from '../../guests/debian/sources.js';
import { PACKAGES, RELEASE } from './packages.js';

/** Programs that it takes, how to ask whether they are there, and Debian's package of each. */
const TOOLS: readonly { program: string; ask: string; from: string }[] = [
  { program: 'mmdebstrap', ask: '--version', from: 'mmdebstrap' },
  { program: 'mke2fs', ask: '-V', from: 'e2fsprogs' },
  { program: 'fakeroot', ask: '--version', from: 'fakeroot' },
  { program: 'tar', ask: '--version', from: 'tar' },
];

/** What the disk is called in the guest, and whose password is what. */
const HOST_NAME = 'debian';
const LOGIN = 'root:guest';
const DISK_SIZE = '1400M';

/** In the new system. The archive's address goes, as it is the affair of whoever made the disk. */
const FINISH = `
echo ${HOST_NAME} > /etc/hostname
printf '127.0.0.1 localhost ${HOST_NAME}\\n' > /etc/hosts
printf '/dev/sda / ext4 defaults 0 0\\n' > /etc/fstab
echo ${LOGIN} | chpasswd
: > /etc/apt/sources.list
rm -rf /var/cache/apt/*.bin /var/cache/debconf/*-old
`;

/** $1: the archive that mmdebstrap made, $2: a folder to unpack it in, $3: where the files of the guest go. */
const PACK = `
mkdir "$2"
tar -x -p --numeric-owner -f "$1" -C "$2"
rm "$1"
cp "$2"/boot/vmlinuz-* "$3/vmlinuz"
cp "$2"/boot/initrd.img-* "$3/initrd.img"
mke2fs -q -t ext4 -d "$2" "$3/disk.img" ${DISK_SIZE}
`;

/** Errors: `guest-build-failed`. */
export async function checkTools(): Promise<void> {
  for (const { program, ask, from } of TOOLS) {
    if (await commandWorks(program, [ask])) continue;
    throw new DecoupleError(
      'guest-build-failed',
      `Making the disk takes ${program}, which is not on this machine.`,
      `Install Debian's package ${from} (as root: apt-get install ${from}), and run this again.`,
    );
  }
}

/** Lines of sources.list(5): the archive that this machine uses itself. Errors: `guest-build-failed`. */
export function archiveLines(): string[] {
  const { id, codename } = readOsRelease();
  const sources = id === 'debian' ? debianSources(readAptSources(), codename, RELEASE) : [];
  if (sources.length > 0) {
    return sources.map(({ uri, suite, signedBy }) => {
      return `deb ${signedBy === null ? '' : `[signed-by=${signedBy}] `}${uri} ${suite} main`;
    });
  }
  throw new DecoupleError(
    'guest-build-failed',
    `Debian packages are needed, and the apt sources of this machine (${id || 'not Debian'} ${codename}) name no Debian archive.`,
    "Run this on Debian 12 or 13 (a container will do) with Debian's main archive among its apt sources.",
  );
}

/**
 * Fills `folder` with disk, kernel, initrd, guest spec and session.
 *
 * @param files the project's own part of the guest: spec, session and what the session works with
 * @param signal ends it
 * @param onStep what begins now
 * Errors: `guest-build-failed`, `interrupted`.
 */
export async function makeImage(
  folder: string,
  files: string,
  signal: AbortSignal,
  onStep: (step: string) => void,
): Promise<void> {
  const lines = archiveLines();
  const [archive, scratch] = [join(folder, 'system.tar'), join(folder, 'scratch')];
  await mkdir(scratch);
  const run = async (program: string, args: readonly string[]): Promise<void> => {
    const options = { stdin: 'ignore', stdout: process.stderr, stderr: 'inherit', reject: false } as const;
    const { failed, exitCode } = await execa(program, args, { ...options, cancelSignal: signal });
    if (signal.aborted) throw new DecoupleError('interrupted', 'Interrupted: nothing was made.', 'Run this again.');
    if (!failed) return;
    const message = `${program} ended with status ${exitCode ?? 'unknown'}; what it said is above.`;
    const advice = 'Check that there are 4 GB free, and that `apt-get update` works here; then run this again.';
    throw new DecoupleError('guest-build-failed', message, advice);
  };

  onStep(`mmdebstrap makes the system, of ${PACKAGES.length} packages and what they need`);
  await run('mmdebstrap', [
    ...['--architectures=i386', '--variant=minbase', '--format=tar', `--include=${PACKAGES.join(',')}`],
    `--customize-hook=copy-in ${join(files, 'work')} /root`,
    `--customize-hook=chroot "$1" sh -ec ${quoted(FINISH)}`,
    ...[RELEASE, archive, ...lines],
  ]);
  onStep('mke2fs makes the disk');
  await run('fakeroot', ['--', 'sh', '-euc', PACK, 'pack', archive, join(scratch, 'system'), folder]);
  await rm(scratch, { recursive: true });
  for (const name of ['guest.yaml', 'session.yaml']) await copyFile(join(files, name), join(folder, name));
  await cp(join(files, 'work'), join(folder, 'work'), { recursive: true });
}

/** As one word of a shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
