/** `export --asciicast`. */
import { DecoupleError } from '../../formats/errors.js';
import { CAST_CHANNELS, type CastChannel } from '../../relog/api.js';
import type { ExportArguments } from '../commands/export.js';
import { noteCutOff } from '../outcome.js';
import { formatPairs, printResult } from '../output.js';
import { runStage } from '../run.js';
import { stages } from '../stages.js';
import { formatCounted, formatSeconds } from '../units.js';

export async function exportAsciicast(args: ExportArguments): Promise<void> {
  const channel = parseChannel(args.channel);
  const size = parseSize(args.size);
  const write = await stages.exportAsciicast();
  const { recording: input, output, force } = args;
  const result = await runStage('export', (stage) => write({ input, output, force, channel, size, ...stage }));
  noteCutOff(input, result.cutOff);
  const { events, duration } = result;
  const text = formatPairs([
    ['asciicast', output],
    ['holds', `${formatCounted(events, 'event')} of ${channel} in ${formatSeconds(duration)}`],
  ]);
  printResult(args.json, 'export-asciicast', result, text);
}

function parseChannel(name: string): CastChannel {
  const found = CAST_CHANNELS.find((each) => each === name);
  if (found !== undefined) return found;
  throw new DecoupleError('usage', `There is no channel ${name}.`, `Choose one of ${CAST_CHANNELS.join(', ')}.`);
}

function parseSize(text: string): { columns: number; rows: number } {
  const [, columns, rows] = /^([1-9]\d{0,3})x([1-9]\d{0,3})$/.exec(text) ?? [];
  if (columns !== undefined && rows !== undefined) return { columns: Number(columns), rows: Number(rows) };
  throw new DecoupleError('usage', `--size ${text} is not a size.`, 'Write columns and rows like 80x24.');
}
