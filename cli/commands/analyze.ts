import type { Argv, CommandModule } from 'yargs';
import { ANALYSIS_NAMES, type AnalysisName } from '../../analyses/names.js';
import { refuseStandardInput } from '../../formats/container/index.js';
import { exitStatus } from '../../formats/errors.js';
import type { AnalyzeResult } from '../../relog/api.js';
import { withOutput, type GlobalOptions, type OutputOptions } from '../options.js';
import { noteCutOff } from '../outcome.js';
import { formatPairs, printResult } from '../output.js';
import { programsFor } from '../programs.js';
import { runStage } from '../run.js';
import { modules, stages } from '../stages.js';
import { withStore, type StoreOption } from '../store.js';
import { parseStretch, withStretch, type StretchOptions } from '../stretch.js';
import { formatRun } from '../units.js';

interface AnalyzeArguments extends GlobalOptions, OutputOptions, StoreOption, StretchOptions {
  relog: string;
  analysis: AnalysisName[];
  symbols: string[];
}

function builder(yargs: Argv<GlobalOptions>): Argv<AnalyzeArguments> {
  const options = withOutput(yargs, 'Folder for the reports');
  return withStore(withStretch(options, 'Only what runs from this position on', 'Only what runs before this position'))
    .positional('relog', { type: 'string', demandOption: true, describe: 'A relog' })
    .option('analysis', {
      alias: 'a',
      type: 'string',
      array: true,
      nargs: 1,
      demandOption: true,
      choices: ANALYSIS_NAMES,
      describe: 'What to find out; may be given several times',
    })
    .option('symbols', {
      type: 'string',
      array: true,
      nargs: 1,
      default: [],
      describe: 'An ELF file that ran in the guest, for the names of its functions; may be given several times',
    })
    .example('$0 analyze run.relog -a coverage -a profile -o out/', 'Both in one run of the simulator')
    .example('$0 analyze run.relog -a profile --from 120M --to 150M -o out/', 'A stretch of the run');
}

function partialPair({ position, what }: NonNullable<AnalyzeResult['partial']>): [string, string] {
  return [
    'partial',
    `the simulation left the record at position ${position}: ${what}. The reports hold what ran before`,
  ];
}

async function handler(args: AnalyzeArguments): Promise<void> {
  // Read once for the guest it is of, and once to be run.
  refuseStandardInput(args.relog);
  const stretch = parseStretch(args);
  const analyze = await stages.analyze();
  const programs = await programsFor(args.relog, args.symbols);
  const result = await runStage('analyze', (stage) =>
    analyze({
      input: args.relog,
      outputDir: args.output,
      force: args.force,
      module: modules.analyses,
      names: [...new Set(args.analysis)],
      programs,
      stretch,
      ...stage,
    }),
  );
  noteCutOff(args.relog, result.cutOff);
  if (result.partial !== null) process.exitCode = exitStatus('diverged');
  printResult(
    args.json,
    'analyze',
    result,
    formatPairs([
      ['ran', formatRun(result.instructions, result.seconds)],
      ...(result.partial === null ? [] : [partialPair(result.partial)]),
      ...result.reports.map((file): [string, string] => ['report', file]),
    ]),
  );
}

export const analyzeCommand: CommandModule<GlobalOptions, AnalyzeArguments> = {
  command: 'analyze <relog>',
  describe: 'Run a relog in the simulator and report on the instructions',
  builder,
  handler,
};
