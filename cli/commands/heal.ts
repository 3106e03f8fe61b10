import type { Argv, CommandModule } from 'yargs';
import { refuseStandardInput } from '../../formats/container/index.js';
import type { HealResult } from '../../relog/heal/heal.js';
import { parseDisks, withDisks, type DiskOption } from '../disks.js';
import { withOutput, type GlobalOptions, type OutputOptions } from '../options.js';
import { noteCutOff } from '../outcome.js';
import { formatPairs, printResult } from '../output.js';
import { refuseExisting } from '../paths.js';
import { runStage } from '../run.js';
import { stages } from '../stages.js';
import { withStore, type StoreOption } from '../store.js';
import { formatBytes, formatCounted, formatExact, formatRun } from '../units.js';

interface HealArguments extends GlobalOptions, OutputOptions, StoreOption, DiskOption {
  relog: string;
  recording: string;
}

function builder(yargs: Argv<GlobalOptions>): Argv<HealArguments> {
  const options = withDisks(withOutput(yargs, 'The relog to write'), 'Where a base image is now (hda=PATH)');
  return withStore(options, 'Store for the contents of the new relog; the relog may have its own there, too')
    .positional('relog', { type: 'string', demandOption: true, describe: 'A relog' })
    .option('recording', {
      type: 'string',
      requiresArg: true,
      demandOption: true,
      describe: 'What the relog was made of',
    })
    .example('$0 heal run.relog --recording run.dcr -o healed.relog', 'State what the simulator would get wrong');
}

async function handler(args: HealArguments): Promise<void> {
  refuseStandardInput(args.relog);
  refuseStandardInput(args.recording);
  refuseExisting(args.output, args.force);
  const disks = parseDisks(args.disk);
  const heal = await stages.heal();
  const { relog: input, recording, output, force, store } = args;
  const result = await runStage('heal', (stage) => heal({ input, recording, disks, output, force, store, ...stage }));
  noteCutOff(args.relog, result.cutOff);
  printResult(args.json, 'heal', result, formatHealed(result));
}

/** What `relog --heal` says, too. */
export function formatHealed(result: HealResult): string {
  const { output, healed, instructions, events, keyframes, bytes, seconds } = result;
  const count = healed.reduce((sum, each) => sum + each.count, 0);
  return formatPairs([
    ['relog', `${output}, ${formatBytes(bytes)}`],
    ['verdict', count === 0 ? 'exact' : `exact, ${formatExact(count)} healed`],
    ['ran', formatRun(instructions, seconds)],
    ['holds', `${formatCounted(events, 'event')}, ${formatCounted(keyframes, 'keyframe')}`],
    ...healed.map((one): [string, string] => ['healed', `${one.instruction}: ${formatExact(one.count)}`]),
  ]);
}

export const healCommand: CommandModule<GlobalOptions, HealArguments> = {
  command: 'heal <relog>',
  describe: 'Write a relog that states what the simulator would run otherwise than the machine',
  builder,
  handler,
};
