import type { Argv, CommandModule } from 'yargs';
import { DecoupleError } from '../../formats/errors.js';
import { exportAsciicast } from '../export/asciicast.js';
import { exportCapture } from '../export/pcapng.js';
import { inputFile, withOutput, type GlobalOptions, type OutputOptions } from '../options.js';
import { refuseExisting } from '../paths.js';
import { withStore, type StoreOption } from '../store.js';

export interface ExportArguments extends GlobalOptions, OutputOptions, StoreOption {
  recording: string;
  asciicast: boolean;
  pcapng: boolean;
  channel: string;
  size: string;
}

/** One option a format, and what writes it. */
const FORMATS: Record<'asciicast' | 'pcapng', (args: ExportArguments) => Promise<void>> = {
  asciicast: exportAsciicast,
  pcapng: exportCapture,
};

function builder(yargs: Argv<GlobalOptions>): Argv<ExportArguments> {
  return withStore(withOutput(yargs, 'The file to write'))
    .positional('recording', inputFile('A recording (.dcr)'))
    .option('asciicast', {
      type: 'boolean',
      default: false,
      describe: 'A terminal recording (asciicast v2), in machine time',
    })
    .option('pcapng', {
      type: 'boolean',
      default: false,
      describe: 'Frames in and out of the network card, for Wireshark and its like',
    })
    .option('channel', {
      type: 'string',
      requiresArg: true,
      default: 'serial0',
      describe: 'For --asciicast: serial0 to serial3, virtio-console, or screen (the VGA text screen)',
    })
    .option('size', {
      type: 'string',
      requiresArg: true,
      default: '80x24',
      describe: 'For --asciicast: columns and rows of the terminal',
    })
    .example('$0 export run.dcr --pcapng -o run.pcapng', "The guest's network traffic")
    .example('$0 export run.dcr --asciicast -o run.cast', "The guest's console, for a terminal player");
}

async function handler(args: ExportArguments): Promise<void> {
  const names = Object.keys(FORMATS) as (keyof typeof FORMATS)[];
  const [format, ...others] = names.filter((name) => args[name]);
  if (format === undefined || others.length > 0) {
    const choices = names.map((name) => `--${name}`).join(', ');
    throw new DecoupleError('usage', 'export needs one format.', `Give one of ${choices}.`);
  }
  refuseExisting(args.output, args.force);
  await FORMATS[format](args);
}

export const exportCommand: CommandModule<GlobalOptions, ExportArguments> = {
  command: 'export <recording>',
  describe: 'Write what went on in a recording in a format of other tools',
  builder,
  handler,
};
