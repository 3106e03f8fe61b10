import { rmSync } from 'node:fs';
import type { Argv, CommandModule } from 'yargs';
import { refuseStandardInput } from '../../formats/container/index.js';
import { KEYFRAME_EVERY, type RelogResult } from '../../relog/api.js';
import { parseDisks, withDisks, type DiskOption } from '../disks.js';
import { inputFile, withOutput, type GlobalOptions, type OutputOptions } from '../options.js';
import { noteCutOff } from '../outcome.js';
import { formatPairs, printResult } from '../output.js';
import { refuseExisting } from '../paths.js';
import { runStage } from '../run.js';
import { stages } from '../stages.js';
import { withStore, type StoreOption } from '../store.js';
import { formatHealed } from './heal.js';
import { formatBytes, formatCounted, formatRun, parseCount } from '../units.js';

interface RelogArguments extends GlobalOptions, OutputOptions, DiskOption, StoreOption {
  recording: string;
  'keyframe-every': string;
  heal: boolean;
}

function builder(yargs: Argv<GlobalOptions>): Argv<RelogArguments> {
  const options = withDisks(withOutput(yargs, 'The relog to write'), 'Where a base image is now (hda=PATH)');
  return withStore(options, 'Store for the contents of the relog; the recording may have its own there, too')
    .positional('recording', inputFile('A recording (.dcr)'))
    .option('keyframe-every', {
      type: 'string',
      requiresArg: true,
      default: `${KEYFRAME_EVERY / 1e6}M`,
      describe: 'Instructions between keyframes',
    })
    .option('heal', {
      type: 'boolean',
      default: false,
      describe: 'State what the simulator would get wrong (docs/healing.md)',
    })
    .example('$0 relog run.dcr -o run.relog', 'Writes down every device output at its exact position');
}

async function handler(args: RelogArguments): Promise<void> {
  const keyframeEvery = parseCount(args['keyframe-every'], 'keyframe-every');
  refuseExisting(args.output, args.force);
  const disks = parseDisks(args.disk);
  const relog = await stages.relog();
  if (args.heal) return relogHealed(args, keyframeEvery, disks);
  const result = await runStage('relog', (stage) =>
    relog({
      input: args.recording,
      disks,
      output: args.output,
      force: args.force,
      keyframeEvery,
      store: args.store,
      ...stage,
    }),
  );
  noteCutOff(args.recording, result.cutOff);
  printResult(args.json, 'relog', result, formatResult(result));
}

/** Both, with the relog that is not healed under another name meanwhile. */
async function relogHealed(
  { recording, output, force, store, json }: RelogArguments,
  keyframeEvery: number,
  disks: ReturnType<typeof parseDisks>,
): Promise<void> {
  refuseStandardInput(recording);
  const [relog, heal] = await Promise.all([stages.relog(), stages.heal()]);
  const unhealed = `${output}.${process.pid}.unhealed`;
  try {
    await runStage('relog', (stage) =>
      relog({ input: recording, disks, output: unhealed, force: true, keyframeEvery, ...stage }),
    );
    const result = await runStage('heal', (stage) =>
      heal({ input: unhealed, recording, disks, output, force, store, ...stage }),
    );
    noteCutOff(recording, result.cutOff);
    printResult(json, 'heal', result, formatHealed(result));
  } finally {
    rmSync(unhealed, { force: true });
  }
}

function formatResult({ output, instructions, events, keyframes, bytes, seconds }: RelogResult): string {
  return formatPairs([
    ['relog', `${output}, ${formatBytes(bytes)}`],
    ['ran', formatRun(instructions, seconds)],
    ['holds', `${formatCounted(events, 'event')}, ${formatCounted(keyframes, 'keyframe')}`],
  ]);
}

export const relogCommand: CommandModule<GlobalOptions, RelogArguments> = {
  command: 'relog <recording>',
  describe: 'Make of a recording what a simulator without devices needs',
  builder,
  handler,
};
