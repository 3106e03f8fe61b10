import type { Argv, CommandModule } from 'yargs';
import { formatTable } from '../../analyses/text.js';
import type { StatsResult } from '../../relog/inspect/stats.js';
import { inputFile, type GlobalOptions } from '../options.js';
import { noteCutOff } from '../outcome.js';
import { formatPairs, printResult } from '../output.js';
import { runStage } from '../run.js';
import { stages } from '../stages.js';
import { formatBytes, formatCount, formatCounted, formatExact } from '../units.js';

interface StatsArguments extends GlobalOptions {
  file: string;
}

function builder(yargs: Argv<GlobalOptions>): Argv<StatsArguments> {
  return yargs
    .positional('file', inputFile('A relog or a recording'))
    .example('$0 stats run.relog', 'What is in it, and what takes the space');
}

async function handler({ file, json }: StatsArguments): Promise<void> {
  const stats = await stages.stats();
  const result = await runStage('stats', (stage) => stats({ input: file, ...stage }));
  noteCutOff(file, result.cutOff);
  printResult(json, 'stats', result, formatStats(result));
}

function formatStats(result: StatsResult): string {
  const { bytes, instructions, keyframes, kind, frames, events } = result;
  const perMillion = (count: number): string => (instructions > 0 ? formatCount(count / (instructions / 1e6)) : '');
  const unpacked = frames.reduce((sum, frame) => sum + frame.unpackedBytes, 0);
  const pairs: [string, string][] = [
    [kind, `${formatBytes(bytes)}, ${formatCounted(instructions, 'instruction')}`],
    ['packed', `${formatBytes(unpacked)} unpacked, ${ratio(unpacked, bytes)}`],
    ...(kind === 'relog' ? [['keyframes', formatExact(keyframes)] as [string, string]] : []),
  ];
  const total = events.reduce((sum, each) => sum + each.events, 0);
  const byKind = events.map((each) => [
    each.kind,
    formatExact(each.events),
    perMillion(each.events),
    formatBytes(each.bytes),
    perMillion(each.bytes),
  ]);
  const frameRows = frames.map((each) => [
    each.kind,
    formatExact(each.frames),
    formatBytes(each.bytes),
    formatBytes(each.unpackedBytes),
    ratio(each.unpackedBytes, each.bytes),
  ]);
  return [
    formatPairs(pairs),
    formatTable([`${formatCount(total)} events`, 'events', 'per M', 'bytes', 'bytes per M'], byKind),
    formatTable(['frames', 'frames', 'in the file', 'unpacked', 'ratio'], frameRows),
  ].join('\n');
}

function ratio(unpacked: number, packed: number): string {
  return packed > 0 ? `${(unpacked / packed).toFixed(2)} : 1` : '';
}

export const statsCommand: CommandModule<GlobalOptions, StatsArguments> = {
  command: 'stats <file>',
  describe: 'Count the events of a relog, or the log of a recording, by kind and size',
  builder,
  handler,
};
