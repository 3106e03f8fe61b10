import type { Argv, CommandModule } from 'yargs';
import { refuseStandardInput } from '../../formats/container/index.js';
import type { PayloadReport, RedactResult } from '../../relog/redact/redact.js';
import { withOutput, type GlobalOptions, type OutputOptions } from '../options.js';
import { formatPairs, printResult } from '../output.js';
import { refuseExisting } from '../paths.js';
import { runStage } from '../run.js';
import { stages } from '../stages.js';
import { withStore, type StoreOption } from '../store.js';
import { formatBytes, formatCounted, formatExact, formatRun } from '../units.js';

interface RedactArguments extends GlobalOptions, OutputOptions, StoreOption {
  relog: string;
  serial: boolean;
  network: boolean;
}

/** Payloads that are listed one by one. */
const MOST_LISTED = 20;

function builder(yargs: Argv<GlobalOptions>): Argv<RedactArguments> {
  const options = withOutput(yargs, 'The relog to write')
    .option('serial', { type: 'boolean', default: false, describe: 'Replace lines read from serial ports' })
    .option('network', { type: 'boolean', default: false, describe: 'Replace payloads of TCP and UDP' });
  return withStore(options, 'Store for the contents of the new relog; the relog may have its own there, too')
    .positional('relog', { type: 'string', demandOption: true, describe: 'A relog' })
    .epilogue('With neither --serial nor --network, both are replaced. docs/redact.md says what is, and what is not.')
    .example('$0 redact run.relog -o clean.relog', 'What can be shown to others');
}

async function handler(args: RedactArguments): Promise<void> {
  // Read to find the payloads, to decide which ones can be replaced, and to write.
  refuseStandardInput(args.relog);
  refuseExisting(args.output, args.force);
  const redact = await stages.redact();
  const { relog: input, output, force, store } = args;
  const both = args.serial === args.network;
  const channels = { serial: both || args.serial, network: both || args.network };
  const result = await runStage('redact', (stage) => redact({ input, output, force, store, ...channels, ...stage }));
  printResult(args.json, 'redact', result, formatResult(result));
}

function formatResult(result: RedactResult): string {
  const { output, bytes, instructions, seconds, replaced, kept, remains, retries, events, keyframes } = result;
  const head = formatPairs([
    ['relog', `${output}, ${formatBytes(bytes)}`],
    ['holds', `${formatCounted(events, 'event')}, ${formatCounted(keyframes, 'keyframe')}`],
    ['ran', `${formatRun(instructions, seconds)}, ${formatCounted(retries, 'retry', 'retries')}`],
    ['replaced', summary(replaced)],
    ['kept', summary(kept)],
  ]);
  const stayed = listed(
    kept,
    ({ differsAt }) => `the guest's path depends on it: first different before ${formatExact(differsAt)}`,
  );
  const again = listed(
    remains,
    ({ foundAt, where }) =>
      `STILL THERE: a device gave it back (${where === 'pages' ? 'in RAM' : 'in events'} at ${formatExact(foundAt)})`,
  );
  return `${head}${stayed}${again}`;
}

function listed<T extends PayloadReport>(payloads: readonly T[], why: (payload: T) => string): string {
  const lines = payloads.slice(0, MOST_LISTED).map((payload) => {
    const from = payload.peer === null ? payload.source : `${payload.kind} ${payload.peer}, ${payload.source}`;
    return `  ${from}: ${formatCounted(payload.length, 'byte')} at ${formatExact(payload.position)}; ${why(payload)}\n`;
  });
  const more = payloads.length - MOST_LISTED;
  return more > 0 ? `${lines.join('')}  and ${formatExact(more)} more; --json lists all\n` : lines.join('');
}

function summary(payloads: readonly PayloadReport[]): string {
  const lines = payloads.filter(({ kind }) => kind === 'line');
  const packets = payloads.filter(({ kind }) => kind !== 'line');
  const part = (list: readonly PayloadReport[], what: string): string[] => {
    const total = list.reduce((sum, { length }) => sum + length, 0);
    return list.length === 0 ? [] : [`${formatCounted(list.length, what)} (${formatCounted(total, 'byte')})`];
  };
  return [...part(lines, 'serial line'), ...part(packets, 'packet')].join(', ') || 'nothing';
}

export const redactCommand: CommandModule<GlobalOptions, RedactArguments> = {
  command: 'redact <relog>',
  describe: 'Replace what came from outside, where the run stays the same',
  builder,
  handler,
};
