import type { Argv, CommandModule } from 'yargs';
import { ContainerReader } from '../../formats/container/index.js';
import type { GlobalOptions } from '../options.js';
import { formatPairs, printResult } from '../output.js';
import { formatBytes, formatExact } from '../units.js';

interface InfoArguments extends GlobalOptions {
  file: string;
}

interface FrameSummary {
  kind: number;
  frames: number;
  /** Bytes in the file, and when unpacked. */
  bytes: number;
  unpacked: number;
}

function builder(yargs: Argv<GlobalOptions>): Argv<InfoArguments> {
  return yargs
    .positional('file', { type: 'string', demandOption: true, describe: 'A recording or a relog' })
    .example('$0 info run.dcr', 'Checks the whole file and says what is in it');
}

async function handler({ file, json }: InfoArguments): Promise<void> {
  const reader = new ContainerReader(file);
  try {
    const kinds = new Map<number, FrameSummary>();
    let reach = 0n;
    for (const frame of reader) {
      const summary = kinds.get(frame.kind) ?? { kind: frame.kind, frames: 0, bytes: 0, unpacked: 0 };
      summary.frames++;
      summary.bytes += frame.fileBytes;
      summary.unpacked += frame.payload.length;
      kinds.set(frame.kind, summary);
      if (frame.reach > reach) reach = frame.reach;
    }
    const frames = [...kinds.values()].sort((a, b) => a.kind - b.kind);
    const result = { kind: reader.kind, bytes: reader.size, reach: Number(reach), cutOff: reader.cutOff, frames };
    printResult(
      json,
      result,
      formatPairs([
        ['file', `${file}, ${formatBytes(reader.size)}`],
        ['kind', reader.kind],
        ['state', reader.cutOff ? 'cut off: its writer did not finish; what is complete can be used' : 'complete'],
        ['reaches', formatExact(Number(reach))],
        ...frames.map((f): [string, string] => [
          `frames ${f.kind}`,
          `${formatExact(f.frames)}, ${formatBytes(f.bytes)} (${formatBytes(f.unpacked)} unpacked)`,
        ]),
      ]),
    );
  } finally {
    reader.close();
  }
}

export const infoCommand: CommandModule<GlobalOptions, InfoArguments> = {
  command: 'info <file>',
  describe: 'Check a recording or relog and say what is in it',
  builder,
  handler,
};
