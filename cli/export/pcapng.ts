/** `export --pcapng`. */
import type { ExportArguments } from '../commands/export.js';
import { noteCutOff } from '../outcome.js';
import { formatPairs, printResult } from '../output.js';
import { runStage } from '../run.js';
import { stages } from '../stages.js';
import { formatBytes, formatExact, formatRun } from '../units.js';

export async function exportCapture(args: ExportArguments): Promise<void> {
  const write = await stages.exportPcapng();
  const { recording: input, output, force } = args;
  const result = await runStage('export', (stage) => write({ input, output, force, ...stage }));
  noteCutOff(input, result.cutOff);
  const { framesIn, framesOut, bytes, instructions, seconds } = result;
  const text = formatPairs([
    ['capture', `${output}, ${formatBytes(bytes)}`],
    ['frames', `${formatExact(framesIn)} to the guest, ${formatExact(framesOut)} from it`],
    ['replayed', formatRun(instructions, seconds)],
  ]);
  printResult(args.json, 'export-pcapng', result, text);
}
