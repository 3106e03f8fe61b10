import type { Argv, CommandModule } from 'yargs';
import { DecoupleError } from '../../formats/errors.js';
import { noteCutOff } from '../outcome.js';
import { inputFile, type GlobalOptions } from '../options.js';
import { writeResult } from '../output.js';
import { runStage } from '../run.js';
import { stages } from '../stages.js';
import { parseCount, parsePorts, parsePosition } from '../units.js';

interface DumpArguments extends GlobalOptions {
  file: string;
  kind: string | undefined;
  from: string | undefined;
  to: string | undefined;
  device: string | undefined;
  port: string | undefined;
  data: boolean;
  limit: string | undefined;
}

function builder(yargs: Argv<GlobalOptions>): Argv<DumpArguments> {
  return yargs
    .positional('file', inputFile('A relog or a recording'))
    .option('kind', { type: 'string', requiresArg: true, describe: 'Only these kinds, by name (port-read,dma)' })
    .option('from', {
      type: 'string',
      requiresArg: true,
      describe: 'From this position (50M) on; of a recording, from this step on',
    })
    .option('to', { type: 'string', requiresArg: true, describe: 'Up to and with this position, or step' })
    .option('device', {
      type: 'string',
      requiresArg: true,
      describe: 'Only what these devices gave (uart0,ide0); of a recording, what went through them (serial0,network)',
    })
    .option('port', { type: 'string', requiresArg: true, describe: 'Only reads of these ports (0x60,0x3f8-0x3ff)' })
    .option('data', {
      type: 'boolean',
      default: false,
      describe: 'Bytes of DMA, network frames and the console in full, instead of their length and SHA-256',
    })
    .option('limit', { type: 'string', requiresArg: true, describe: 'Stop after so many lines' })
    .example('$0 dump run.relog --kind interrupt,exception --from 20M --to 21M', 'Interrupts in a stretch of the run')
    .example('$0 dump run.relog --device uart0 --limit 100', 'What the guest read from its serial port')
    .example('$0 dump run.dcr --kind input', 'What was typed, sent and clicked');
}

async function handler(args: DumpArguments): Promise<void> {
  const names = (text: string | undefined): string[] | null => text?.split(',').map((name) => name.trim()) ?? null;
  const options = {
    input: args.file,
    kinds: names(args.kind),
    devices: names(args.device),
    ports: args.port === undefined ? null : parsePorts(args.port),
    from: args.from === undefined ? 0 : parsePosition(args.from, 'from'),
    to: args.to === undefined ? Infinity : parsePosition(args.to, 'to'),
    limit: args.limit === undefined ? Infinity : parseCount(args.limit, 'limit'),
    data: args.data,
  };
  if (options.from > options.to) {
    throw new DecoupleError('usage', '--from is behind --to.', 'Give the earlier one as --from.');
  }
  const dump = await stages.dump();
  let cutOff = false;
  await runStage(
    'dump',
    async ({ signal, onProgress }) => {
      for (const piece of dump(options)) {
        await writeResult(piece.text, signal);
        if (signal?.aborted) return;
        if (Number.isFinite(piece.reached)) onProgress?.({ instructions: piece.reached, total: null, bytes: 0 });
        cutOff = piece.cutOff;
      }
    },
    { progress: !process.stdout.isTTY },
  );
  noteCutOff(args.file, cutOff);
}

export const dumpCommand: CommandModule<GlobalOptions, DumpArguments> = {
  command: 'dump <file>',
  describe: 'Print the events of a relog, or the log of a recording, as JSON lines',
  builder,
  handler,
};
