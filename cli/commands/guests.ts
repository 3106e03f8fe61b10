import type { Argv, CommandModule } from 'yargs';
import type { GuestImage } from '../../guests/image.js';
import { withAllowFiles, type AllowFilesOption, type GlobalOptions } from '../options.js';
import { formatPairs, printNote, printResult } from '../output.js';
import { CACHE } from '../paths.js';
import { stages } from '../stages.js';
import { formatBytes } from '../units.js';

interface GuestArguments extends GlobalOptions, AllowFilesOption {
  guest: string;
}

function namedGuest(yargs: Argv<GlobalOptions>): Argv<GuestArguments> {
  return withAllowFiles(yargs).positional('guest', {
    type: 'string',
    demandOption: true,
    describe: 'Name of a guest, or a spec file',
  });
}

const list: CommandModule<GlobalOptions, GlobalOptions> = {
  command: 'list',
  describe: 'The guests there are',
  async handler({ json }) {
    const { listGuests } = await stages.guests();
    const guests = await listGuests();
    printResult(json, 'guests', { guests }, formatPairs(guests.map(({ name, description }) => [name, description])));
  },
};

const build: CommandModule<GlobalOptions, GuestArguments> = {
  command: 'build <guest>',
  describe: 'Fetch and build a guest; nothing to do when it is built already',
  builder: namedGuest,
  async handler(args) {
    const image = await load(args);
    printResult(args.json, 'guest', image, `${image.name} is built (${image.hash.slice(0, 16)}).`);
  },
};

const show: CommandModule<GlobalOptions, GuestArguments> = {
  command: 'show <guest>',
  describe: 'What a guest is made of; builds it if needed',
  builder: namedGuest,
  async handler(args) {
    const image = await load(args);
    printResult(args.json, 'guest', image, describe(image));
  },
};

async function load({ guest, 'allow-files': allowFiles }: GuestArguments): Promise<GuestImage> {
  const { loadGuest } = await stages.guests();
  return loadGuest(guest, { cacheDir: CACHE, onStep: printNote, allowFiles });
}

function describe(image: GuestImage): string {
  const { kind, ...files } = image.boot;
  const bootFiles = Object.entries(files).filter((entry): entry is [string, string] => entry[1] !== null);
  return formatPairs([
    ['guest', image.name],
    ['hash', image.hash],
    ['memory', `${image.memory / 2 ** 20} MiB`],
    ['firmware', `${image.firmware.bios}, ${image.firmware.vgaBios}`],
    ['boots', kind],
    ...Object.entries(image.disks).map(([drive, { path, size }]): [string, string] => [
      `  ${drive}`,
      `${path}, ${formatBytes(size)}`,
    ]),
    ...bootFiles.map(([name, value]): [string, string] => [`  ${name}`, value]),
    ['ready', image.ready === null ? 'no marker' : `/${image.ready}/ within ${image.readyTimeout} s`],
    ...image.programs.map(({ guestPath, elf }): [string, string] => [`  ${guestPath}`, elf]),
  ]);
}

export const guestsCommand: CommandModule<GlobalOptions, GlobalOptions> = {
  command: 'guests',
  describe: 'List, build and show guests',
  builder: (yargs) =>
    yargs
      .command(list)
      .command(build)
      .command(show)
      .demandCommand(1, 'Say what to do: list, build or show.')
      .example('$0 guests list', 'Their names, and what they are for'),
  handler: () => undefined,
};
