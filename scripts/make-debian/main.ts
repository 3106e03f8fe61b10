/**
 * `npm run make-debian -- DIR`: a stock Debian with systemd on a disk of its own, as a guest to record: image, kernel,
 * initrd, the guest spec, and a session of ordinary programs. See guests/README.md.
 */
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import yargs from 'yargs';
import { formatPairs, printNote, reportError } from '../../cli/output.js';
import { PROJECT } from '../../cli/paths.js';
import { formatBytes, formatSeconds } from '../../cli/units.js';
import { DecoupleError } from '../../formats/errors.js';
import { makeDirectory } from '../../guests/debian/scratch.js';
import { checkTools, makeImage } from './image.js';

const FILES = join(PROJECT, 'guests', 'stock-debian');

const args = await yargs(process.argv.slice(2))
  .scriptName('npm run make-debian --')
  .command('$0 <dir>', 'Make a stock Debian with systemd, as a guest in a new folder', (command) =>
    command
      .positional('dir', { type: 'string', demandOption: true, describe: 'The folder to make; new, or empty' })
      .option('debug', { type: 'boolean', default: false, describe: 'Show stacks of errors' })
      .example('npm run make-debian -- ../stock', 'Makes ../stock/guest.yaml and what belongs to it')
      .example('npx decouple record ../stock/guest.yaml -o run.dcr --session ../stock/session.yaml', 'Records it'),
  )
  .epilogue(
    'Needs mmdebstrap, e2fsprogs and fakeroot, a machine that runs 32-bit x86 programs, 4 GB of disk, and some ' +
      'minutes. Installs nothing; packages come from where apt of this machine has them from. Nothing is left in ' +
      'the folder unless all is done.',
  )
  .version(false)
  .strict()
  .parseAsync();

/** As it is typed from here. */
const shortest = (path: string): string => {
  const fromHere = relative('', path);
  return fromHere.length < path.length ? fromHere : path;
};

const folder = resolve(String(args['dir']));
const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interruption.abort());
const began = performance.now();
try {
  if (existsSync(folder) && ((await stat(folder)).isFile() || readdirSync(folder).length > 0)) {
    const advice = 'Name another folder, or remove this one.';
    throw new DecoupleError('output-exists', `${folder} exists, and is not an empty folder.`, advice);
  }
  await checkTools();
  await mkdir(dirname(folder), { recursive: true });
  await makeDirectory(folder, (scratch) =>
    makeImage(scratch, FILES, interruption.signal, (step) => printNote(`make-debian: ${step}`)),
  );
  const [guest, session] = ['guest.yaml', 'session.yaml'].map((name) => shortest(join(folder, name)));
  const { size } = await stat(join(folder, 'disk.img'));
  process.stdout.write(
    formatPairs([
      ['guest', guest!],
      ['disk', formatBytes(size)],
      ['took', formatSeconds((performance.now() - began) / 1000)],
      ['record', `npx decouple record ${guest} -o run.dcr --session ${session}`],
    ]),
  );
} catch (error) {
  process.exitCode = reportError(error, { json: false, debug: args['debug'] === true });
}
