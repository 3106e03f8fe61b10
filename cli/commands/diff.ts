import type { Argv, CommandModule } from 'yargs';
import { EXIT_STATUS, exitStatus } from '../../formats/errors.js';
import type { DiffResult } from '../../relog/inspect/diff.js';
import type { Difference } from '../../relog/inspect/difference.js';
import type { GlobalOptions } from '../options.js';
import { noteCutOff } from '../outcome.js';
import { formatList, formatPairs, printResult } from '../output.js';
import { runStage } from '../run.js';
import { stages } from '../stages.js';
import { withStore, type StoreOption } from '../store.js';
import { formatExact } from '../units.js';

interface DiffArguments extends GlobalOptions, StoreOption {
  a: string;
  b: string;
  ignore: string | undefined;
}

function builder(yargs: Argv<GlobalOptions>): Argv<DiffArguments> {
  return withStore(yargs, 'Store that the contents of the files are in')
    .positional('a', { type: 'string', demandOption: true, describe: 'A relog or a recording' })
    .positional('b', { type: 'string', demandOption: true, describe: 'Another one' })
    .option('ignore', {
      type: 'string',
      requiresArg: true,
      describe:
        'What may differ: kinds of events (check,keyframe-mark) or of log items (clock), header, blobs, outcome',
    })
    .example('$0 diff a.relog b.relog', 'Are they the same, and if not, where do they part?')
    .example('$0 diff a.dcr b.dcr --ignore header,clock', 'The first input or output that differs');
}

async function handler({ a, b, ignore, json }: DiffArguments): Promise<void> {
  const diff = await stages.diff();
  const names = ignore?.split(',').map((name) => name.trim()) ?? [];
  const result = await runStage('diff', (stage) => diff({ inputs: [a, b], ignore: names, ...stage }));
  noteCutOff(a, result.cutOff[0]);
  noteCutOff(b, result.cutOff[1]);
  printResult(json, 'diff', result, formatDiff(result));
  process.exitCode = result.same ? EXIT_STATUS.ok : exitStatus('diverged');
}

function formatDiff({ kind, compared, first }: DiffResult): string {
  const items = `${formatExact(compared)} ${kind === 'relog' ? 'events' : 'log items'}`;
  if (first === null) return formatPairs([['same', items]]);
  return formatPairs([['DIFFERENT', `after ${items} that are the same`], ...describe(first, kind)]) + before(first);
}

function describe({ what, position, sides }: Difference, kind: string): [string, string][] {
  return [
    ['first difference', what],
    ...(position === null ? [] : [[kind === 'relog' ? 'position' : 'step', formatExact(position)] as [string, string]]),
    ['first file', text(sides[0])],
    ['second file', text(sides[1])],
  ];
}

function before({ before }: Difference): string {
  return formatList('before it', before.map(text));
}

/** Long ones, like the data of DMA, cut. */
function text(side: unknown): string {
  if (side === null) return 'nothing';
  const shown = typeof side === 'string' ? side : JSON.stringify(side);
  return shown.length > 400 ? `${shown.slice(0, 397)}...` : shown;
}

export const diffCommand: CommandModule<GlobalOptions, DiffArguments> = {
  command: 'diff <a> <b>',
  describe: 'Find the first difference of two relogs or two recordings',
  builder,
  handler,
};
