import type { Argv, CommandModule } from 'yargs';
import { DecoupleError, EXIT_STATUS, exitStatus } from '../../formats/errors.js';
import type { ReplayResult } from '../../relog/api.js';
import { Screen } from '../screen.js';
import { parseDisks, withDisks, type DiskOption } from '../disks.js';
import { inputFile, type GlobalOptions } from '../options.js';
import { noteCutOff } from '../outcome.js';
import { formatPairs, printResult } from '../output.js';
import { parsePorts } from '../ports.js';
import { runStage } from '../run.js';
import { stages } from '../stages.js';
import { withStore, type StoreOption } from '../store.js';
import { formatExact, formatRun } from '../units.js';

interface ReplayArguments extends GlobalOptions, DiskOption, StoreOption {
  recording: string;
  verify: boolean;
  console: boolean;
  'show-port': string[];
}

function builder(yargs: Argv<GlobalOptions>): Argv<ReplayArguments> {
  return withStore(withDisks(yargs, 'Where a base image is now (hda=PATH)'))
    .positional('recording', inputFile('A recording (.dcr)'))
    .option('verify', { type: 'boolean', default: false, describe: 'Compare the digests that the recording holds' })
    .option('console', { type: 'boolean', default: false, describe: 'Show what the guest prints' })
    .option('show-port', {
      ...{ type: 'string', array: true, nargs: 1, default: [] as string[] },
      describe: 'Show what the guest writes to a port (hexadecimal; text for e9 and 402); may be given more than once',
    })
    .example('$0 replay run.dcr --show-port 80', 'Which codes did the firmware report?')
    .example('$0 replay run.dcr --verify', 'Is the recording replayed exactly on this computer?');
}

async function handler(args: ReplayArguments): Promise<void> {
  const disks = parseDisks(args.disk);
  const showPorts = parsePorts(args['show-port']);
  if (args.console && showPorts.length > 0)
    throw new DecoupleError('usage', '--console and --show-port both print.', 'Give one of them.');
  const shows = args.console || showPorts.length > 0;
  const replay = await stages.replay();
  const screen = shows ? new Screen(args.json ? process.stderr : process.stdout, false) : null;
  const result = await runStage(
    'replay',
    (stage) =>
      replay({
        input: args.recording,
        disks,
        verify: args.verify,
        showPorts,
        ...stage,
        onConsole: screen?.print,
      }),
    { progress: !shows },
  ).finally(() => screen?.close());
  noteCutOff(args.recording, result.cutOff);
  printResult(args.json, 'replay', result, formatResult(result, args.verify));
  process.exitCode = result.mismatch === null ? EXIT_STATUS.ok : exitStatus('replay-mismatch');
}

function formatResult({ instructions, seconds, digests, mismatch }: ReplayResult, verified: boolean): string {
  const pairs: [string, string][] = [['replayed', formatRun(instructions, seconds)]];
  if (mismatch !== null) {
    pairs.push(['verdict', `DIFFERS between ticks ${mismatch.afterTick} and ${mismatch.beforeTick}: ${mismatch.what}`]);
  } else if (verified) {
    pairs.push(['verdict', `exact: ${formatExact(digests)} digests compared`]);
  }
  return formatPairs(pairs);
}

export const replayCommand: CommandModule<GlobalOptions, ReplayArguments> = {
  command: 'replay <recording>',
  describe: 'Run a recording again on the machine that made it',
  builder,
  handler,
};
