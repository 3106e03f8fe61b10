import type { Argv, CommandModule } from 'yargs';
import { DecoupleError } from '../../formats/errors.js';
import type { ExportResult } from '../../relog/api.js';
import { withOutput, type GlobalOptions, type OutputOptions } from '../options.js';
import { noteCutOff } from '../outcome.js';
import { formatPairs, printResult } from '../output.js';
import { refuseExisting } from '../paths.js';
import { runStage } from '../run.js';
import { stages } from '../stages.js';
import { formatBytes, formatExact, formatRun } from '../units.js';

interface ExportArguments extends GlobalOptions, OutputOptions {
  recording: string;
  pcapng: boolean;
}

function builder(yargs: Argv<GlobalOptions>): Argv<ExportArguments> {
  return withOutput(yargs, 'The file to write')
    .positional('recording', { type: 'string', demandOption: true, describe: 'A recording (.dcr)' })
    .option('pcapng', {
      type: 'boolean',
      default: false,
      describe: 'Frames in and out of the network card, for Wireshark and its like',
    })
    .example('$0 export run.dcr --pcapng -o run.pcapng', "Writes the guest's network traffic");
}

async function handler(args: ExportArguments): Promise<void> {
  if (!args.pcapng) throw new DecoupleError('usage', 'Nothing says what to export.', 'Give --pcapng.');
  refuseExisting(args.output, args.force);
  const exportPcapng = await stages.exportPcapng();
  const result = await runStage('export', (stage) =>
    exportPcapng({ input: args.recording, output: args.output, force: args.force, ...stage }),
  );
  noteCutOff(args.recording, result.cutOff);
  printResult(args.json, result, formatResult(result));
}

function formatResult({ output, framesIn, framesOut, bytes, instructions, seconds }: ExportResult): string {
  return formatPairs([
    ['capture', `${output}, ${formatBytes(bytes)}`],
    ['frames', `${formatExact(framesIn)} to the guest, ${formatExact(framesOut)} from it`],
    ['replayed', formatRun(instructions, seconds)],
  ]);
}

export const exportCommand: CommandModule<GlobalOptions, ExportArguments> = {
  command: 'export <recording>',
  describe: 'Write what a recording holds in a format of other programs',
  builder,
  handler,
};
