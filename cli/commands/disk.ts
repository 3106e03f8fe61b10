import type { Argv, CommandModule } from 'yargs';
import type { DiskSummary, OverlayResult } from '../../relog/disks/index.js';
import { parseDisks, parseDrive, withDisks, type DiskOption } from '../disks.js';
import { withOutput, type GlobalOptions, type OutputOptions } from '../options.js';
import { formatPairs, printResult } from '../output.js';
import { refuseExisting } from '../paths.js';
import { runStage } from '../run.js';
import { stages } from '../stages.js';
import { withStore, type StoreOption } from '../store.js';
import { formatBytes } from '../units.js';

interface ListArguments extends GlobalOptions, StoreOption {
  recording: string;
}

interface DriveArguments extends ListArguments, DiskOption {
  drive: string;
}

type ExportArguments = DriveArguments & OutputOptions;

interface CommitArguments extends DriveArguments {
  to: string;
}

function recording(yargs: Argv<GlobalOptions>): Argv<ListArguments> {
  return withStore(yargs).positional('recording', {
    type: 'string',
    demandOption: true,
    describe: 'A recording (.dcr)',
  });
}

function oneDrive(yargs: Argv<GlobalOptions>): Argv<DriveArguments> {
  return withDisks(recording(yargs), 'Where a base image is now (hda=PATH)').option('drive', {
    type: 'string',
    demandOption: true,
    requiresArg: true,
    describe: 'hda, hdb, cdrom or fda',
  });
}

const list: CommandModule<GlobalOptions, ListArguments> = {
  command: 'list <recording>',
  describe: 'The disks of a recording, and whether their base images are there',
  builder: recording,
  async handler({ recording: input, json }) {
    const { listDisks } = await stages.disks();
    const disks = listDisks(input);
    printResult(
      json,
      'disks',
      { disks },
      disks.length === 0 ? 'It has no disks.' : formatPairs(disks.flatMap(describe)),
    );
  },
};

const exportDisk: CommandModule<GlobalOptions, ExportArguments> = {
  command: 'export <recording>',
  describe: 'Write an image as the guest left it: the base with all that was written over it',
  builder: (yargs) => withOutput(oneDrive(yargs), 'The image to write'),
  async handler(args) {
    refuseExisting(args.output, args.force);
    await apply(args, args.output, false, args.force);
  },
};

const commit: CommandModule<GlobalOptions, CommitArguments> = {
  command: 'commit <recording>',
  describe: 'Apply what the guest wrote to a copy of the base image, in place',
  builder: (yargs) =>
    oneDrive(yargs).option('to', {
      type: 'string',
      demandOption: true,
      requiresArg: true,
      describe: 'A copy of the base image',
    }),
  handler: (args) => apply(args, args.to, true, true),
};

async function apply(args: DriveArguments, output: string, inPlace: boolean, force: boolean): Promise<void> {
  const drive = parseDrive(args.drive);
  const disks = parseDisks(args.disk);
  const { applyOverlay } = await stages.disks();
  const result = await runStage('disk', (stage) =>
    applyOverlay({ input: args.recording, drive, disks, output, inPlace, force, ...stage }),
  );
  printResult(args.json, 'disk', result, formatResult(result));
}

function formatResult({ drive, output, bytes, written, replayed }: OverlayResult): string {
  return formatPairs([
    ['image', `${output}, ${formatBytes(bytes)}`],
    [drive, `${formatBytes(written)} written by the guest`],
    ...(replayed ? [['note', 'the recording was replayed: it was cut off before it said'] as [string, string]] : []),
  ]);
}

function describe({ drive, size, base, written }: DiskSummary): [string, string][] {
  const wrote = written === null ? 'unknown: cut off; `disk export` replays' : formatBytes(written);
  return [
    [drive, formatBytes(size)],
    ['  written', wrote],
    ['  base', base === null ? 'in the recording' : `${base.path} (${base.state})`],
    ...(base === null ? [] : [['  sha256', base.sha256] as [string, string]]),
  ];
}

export const diskCommand: CommandModule<GlobalOptions, GlobalOptions> = {
  command: 'disk',
  describe: 'List, export and commit what guests wrote to their disks',
  builder: (yargs) =>
    yargs
      .command(list)
      .command(exportDisk)
      .command(commit)
      .demandCommand(1, 'Say what to do: list, export or commit.')
      .example('$0 disk export run.dcr --drive hda -o new.img', 'The disk as it was at the end of the run'),
  handler: () => undefined,
};
