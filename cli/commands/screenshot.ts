import type { Argv, CommandModule } from 'yargs';
import { DecoupleError } from '../../formats/errors.js';
import type { ScreenshotResult } from '../../relog/api.js';
import { inputFile, type GlobalOptions } from '../options.js';
import { noteCutOff } from '../outcome.js';
import { formatPairs, printResult } from '../output.js';
import { refuseExisting } from '../paths.js';
import { runStage } from '../run.js';
import { stages } from '../stages.js';
import { withStore, type StoreOption } from '../store.js';
import { formatCounted, parseCount } from '../units.js';

interface ScreenshotArguments extends GlobalOptions, StoreOption {
  recording: string;
  at: string;
  output: string | undefined;
  text: boolean;
  force: boolean;
}

function builder(yargs: Argv<GlobalOptions>): Argv<ScreenshotArguments> {
  return withStore(yargs)
    .positional('recording', inputFile('A recording (.dcr)'))
    .option('at', {
      type: 'string',
      requiresArg: true,
      default: 'end',
      describe:
        'Instructions as record counts them (50M), or end; it stops at the first step boundary at or after that, ' +
        'about a millisecond of the machine',
    })
    .option('output', { alias: 'o', type: 'string', requiresArg: true, describe: 'The PNG file to write' })
    .option('text', { type: 'boolean', default: false, describe: 'Print what a text mode shows' })
    .option('force', { type: 'boolean', default: false, describe: 'Replace the output if it exists' })
    .example('$0 screenshot run.dcr --at 50M -o screen.png', 'The screen after fifty million instructions')
    .example('$0 screenshot run.dcr --text', 'The text on the screen at the end');
}

async function handler(args: ScreenshotArguments): Promise<void> {
  const at = args.at === 'end' ? null : parseCount(args.at, 'at');
  const output = args.output ?? null;
  if (output === null && !args.text) {
    throw new DecoupleError(
      'usage',
      'Nothing says what to make of the screen.',
      'Give -o screen.png, --text, or both.',
    );
  }
  if (output !== null) refuseExisting(output, args.force);
  const screenshot = await stages.screenshot();
  const result = await runStage('screenshot', (stage) =>
    screenshot({ input: args.recording, at, output, force: args.force, ...stage }),
  );
  noteCutOff(args.recording, result.cutOff);
  printResult(args.json, 'screenshot', result, args.text ? formatText(result) : formatResult(result));
}

function formatText({ text, width, height }: ScreenshotResult): string {
  return text === null ? `The screen is in a graphics mode, ${width} x ${height} pixels.` : text.join('\n');
}

function formatResult({ output, instructions, mode, width, height }: ScreenshotResult): string {
  return formatPairs([
    ['screenshot', output ?? ''],
    ['at', formatCounted(instructions, 'instruction')],
    ['shows', `${mode}, ${width} x ${height} pixels`],
  ]);
}

export const screenshotCommand: CommandModule<GlobalOptions, ScreenshotArguments> = {
  command: 'screenshot <recording>',
  describe: "Draw what the guest's screen showed at a moment of a recording",
  builder,
  handler,
};
