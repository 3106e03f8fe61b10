import type { Argv, CommandModule } from 'yargs';
import { refuseStandardInput } from '../../formats/container/index.js';
import { withOutput, type GlobalOptions, type OutputOptions } from '../options.js';
import { formatPairs, printResult } from '../output.js';
import { refuseExisting } from '../paths.js';
import { runStage } from '../run.js';
import { stages } from '../stages.js';
import { withStore, type StoreOption } from '../store.js';
import { parseStretch, withStretch, type StretchOptions } from '../stretch.js';
import { formatBytes, formatCounted, formatExact } from '../units.js';

interface CutArguments extends GlobalOptions, OutputOptions, StoreOption, StretchOptions {
  relog: string;
}

function builder(yargs: Argv<GlobalOptions>): Argv<CutArguments> {
  const options = withStretch(
    withOutput(yargs, 'The relog to write'),
    'Position; the part begins with the last keyframe before it',
    'Position; the part ends with the first check behind it',
  );
  return withStore(options, 'Store for the contents of the part; the relog may have its own there, too')
    .positional('relog', { type: 'string', demandOption: true, describe: 'A relog' })
    .example('$0 cut run.relog --from 120M --to 150M -o part.relog', 'What a colleague needs to see the bug');
}

async function handler(args: CutArguments): Promise<void> {
  // Read once to find the part, and once to copy it.
  refuseStandardInput(args.relog);
  const { from, to } = parseStretch(args);
  refuseExisting(args.output, args.force);
  const cut = await stages.cut();
  const { relog: input, output, force, store } = args;
  const result = await runStage('cut', (stage) => cut({ input, output, force, store, from: from ?? 0, to, ...stage }));
  printResult(
    args.json,
    'cut',
    result,
    formatPairs([
      ['relog', `${result.output}, ${formatBytes(result.bytes)}`],
      ['positions', `${formatExact(result.from)} to ${formatExact(result.to)}`],
      ['holds', `${formatCounted(result.events, 'event')}, ${formatCounted(result.keyframes, 'keyframe')}`],
    ]),
  );
}

export const cutCommand: CommandModule<GlobalOptions, CutArguments> = {
  command: 'cut <relog>',
  describe: 'Make a part of a relog a relog of its own',
  builder,
  handler,
};
