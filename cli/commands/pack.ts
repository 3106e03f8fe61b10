import type { Argv, CommandModule } from 'yargs';
import type { CopyOptions, CopyResult } from '../../formats/copy.js';
import { inputFile, withOutput, type GlobalOptions, type OutputOptions } from '../options.js';
import { noteCutOff } from '../outcome.js';
import { formatPairs, printResult } from '../output.js';
import { refuseExisting } from '../paths.js';
import { runStage } from '../run.js';
import { stages } from '../stages.js';
import { withStore, type StoreOption } from '../store.js';
import { formatBytes } from '../units.js';

interface PackArguments extends GlobalOptions, OutputOptions, StoreOption {
  file: string;
}

const file = inputFile('A recording or a relog');

async function copy(args: PackArguments, store: string | null): Promise<void> {
  refuseExisting(args.output, args.force);
  const copyFile = await stages.copyFile();
  const result = await runStage(store === null ? 'pack' : 'unpack', ({ signal, onProgress }) => {
    const onBytes: CopyOptions['onBytes'] = (bytes) => onProgress?.({ instructions: 0, total: null, bytes });
    return copyFile({ input: args.file, output: args.output, force: args.force, store, signal, onBytes });
  });
  noteCutOff(args.file, result.cutOff);
  printResult(args.json, 'copy', result, formatResult(result, store));
}

function formatResult({ output, kind, bytes, contents }: CopyResult, store: string | null): string {
  const where = store === null ? 'in the file' : `in ${store}`;
  return formatPairs([
    [kind, `${output}, ${formatBytes(bytes)}`],
    ['contents', `${formatBytes(contents)} unpacked, ${where}`],
  ]);
}

export const packCommand: CommandModule<GlobalOptions, PackArguments> = {
  command: 'pack <file>',
  describe: 'Copy a file with its contents in it, so that it needs no store',
  builder: (yargs: Argv<GlobalOptions>) =>
    withStore(withOutput(yargs, 'The file to write'))
      .positional('file', file)
      .example('$0 pack run.dcr -o whole.dcr', 'A recording to give to somebody else'),
  handler: (args) => copy(args, null),
};

export const unpackCommand: CommandModule<GlobalOptions, PackArguments> = {
  command: 'unpack <file>',
  describe: 'Copy a file with its contents in a store, which shares them with other files',
  builder: (yargs: Argv<GlobalOptions>) =>
    withStore(withOutput(yargs, 'The file to write'), 'Folder of the store; made if it is not there')
      .positional('file', file)
      .demandOption('store')
      .example('$0 unpack whole.dcr --store contents -o run.dcr', 'The reverse of pack'),
  handler: (args) => copy(args, args.store!),
};
