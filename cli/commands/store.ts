import type { Argv, CommandModule } from 'yargs';
import { EXIT_STATUS, exitStatus } from '../../formats/errors.js';
import type { CollectResult, StoreCheck, StoreStats } from '../../formats/store/index.js';
import type { GlobalOptions } from '../options.js';
import { formatPairs, printResult } from '../output.js';
import { stages } from '../stages.js';
import { formatBytes, formatCounted, formatExact, parseDuration } from '../units.js';

interface StoreArguments extends GlobalOptions {
  folder: string;
}

interface FilesArguments extends StoreArguments {
  files: string[];
}

interface CollectArguments extends FilesArguments {
  'older-than': string;
  'forget-missing': boolean;
  'dry-run': boolean;
}

function oneStore(yargs: Argv<GlobalOptions>): Argv<StoreArguments> {
  return yargs.positional('folder', { type: 'string', demandOption: true, describe: 'Folder of a store' });
}

function withFiles(yargs: Argv<GlobalOptions>): Argv<FilesArguments> {
  return oneStore(yargs).positional('files', {
    type: 'string',
    array: true,
    default: [] as string[],
    describe: 'Files that need it, beside those it knows: copies, and files that were moved',
  });
}

const stats: CommandModule<GlobalOptions, StoreArguments> = {
  command: 'stats <folder>',
  describe: 'What is in a store, and which files need it',
  builder: (yargs) => oneStore(yargs).example('$0 store stats contents', 'How much the files share'),
  async handler({ folder, json }) {
    const { storeStats } = await stages.store();
    const result = storeStats(folder);
    printResult(json, 'store-stats', result, formatStats(result));
  },
};

const verify: CommandModule<GlobalOptions, FilesArguments> = {
  command: 'verify <folder> [files..]',
  describe: 'Check every byte of a store, and that it has all that files need of it',
  builder: (yargs) => withFiles(yargs).example('$0 store verify contents', 'Is everything there and intact?'),
  async handler({ folder, files, json }) {
    const { verifyStore } = await stages.store();
    const result = verifyStore(folder, files);
    printResult(json, 'store-verify', result, formatCheck(result));
    process.exitCode = result.missing.length === 0 ? EXIT_STATUS.ok : exitStatus('object-missing');
  },
};

const gc: CommandModule<GlobalOptions, CollectArguments> = {
  command: 'gc <folder> [files..]',
  describe: 'Remove what no file needs any more',
  builder: (yargs) =>
    withFiles(yargs)
      .option('older-than', {
        type: 'string',
        requiresArg: true,
        default: '1h',
        describe: 'Leave alone what was written or used later than this long ago',
      })
      .option('forget-missing', {
        type: 'boolean',
        default: false,
        describe: 'Files that the store knows and that are gone do not come back',
      })
      .option('dry-run', { type: 'boolean', default: false, describe: 'Say what would be removed, and remove nothing' })
      .example('$0 store gc contents --forget-missing', 'After recordings were deleted'),
  async handler(args) {
    const olderThanMs = parseDuration(args['older-than'], 'older-than') * 1000;
    const { collect } = await stages.store();
    const { folder: store, files } = args;
    const result = collect({
      ...{ store, files, olderThanMs, forgetMissing: args['forget-missing'], dryRun: args['dry-run'] },
    });
    printResult(args.json, 'store-gc', result, formatCollected(result, args['forget-missing']));
  },
};

function formatStats({ store, packs, bytes, objects, contents, unneeded, roots }: StoreStats): string {
  return formatPairs([
    ['store', `${store}, ${formatBytes(bytes)} in ${formatCounted(packs, 'pack')}`],
    ['objects', `${formatExact(objects)}, ${formatBytes(contents)} unpacked`],
    ['unneeded', formatCounted(unneeded, 'object')],
    ...roots.map(({ path, state }): [string, string] => ['file', state === 'gone' ? `${path} (gone)` : path]),
  ]);
}

function formatCheck({ objects, packs, missing }: StoreCheck): string {
  return formatPairs([
    ['intact', `${formatCounted(objects, 'object')} in ${formatCounted(packs, 'pack')}`],
    ...missing.map(({ file, objects: names }): [string, string] => [
      'missing',
      `${formatCounted(names.length, 'object')} that ${file} needs, the first ${names[0]}`,
    ]),
  ]);
}

function formatCollected({ removed, freed, young, kept, gone, dryRun }: CollectResult, forgotten: boolean): string {
  return formatPairs([
    [dryRun ? 'would remove' : 'removed', `${formatCounted(removed, 'object')}, ${formatBytes(freed)}`],
    ['kept', `${formatCounted(kept, 'object')} that files need`],
    ...(young > 0 ? [['young', `${formatCounted(young, 'object')} nothing needs yet`] as [string, string]] : []),
    ...gone.map((path): [string, string] => ['gone', forgotten ? path : `${path}: its objects stay`]),
  ]);
}

export const storeCommand: CommandModule<GlobalOptions, GlobalOptions> = {
  command: 'store',
  describe: 'Look after a folder with contents that several files share',
  builder: (yargs) =>
    yargs
      .command(stats)
      .command(verify)
      .command(gc)
      .demandCommand(1, 'Say what to do: stats, verify or gc.')
      .example('$0 store gc contents --dry-run', 'How much could be removed?'),
  handler: () => undefined,
};
