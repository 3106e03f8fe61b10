import type { Argv, CommandModule } from 'yargs';
import { ANALYSIS_NAMES, type AnalysisName } from '../../analyses/names.js';
import { withOutput, type GlobalOptions, type OutputOptions } from '../options.js';
import { noteCutOff } from '../outcome.js';
import { formatPairs, printResult } from '../output.js';
import { programsFor } from '../programs.js';
import { runStage } from '../run.js';
import { stages } from '../stages.js';
import { formatRun } from '../units.js';

interface AnalyzeArguments extends GlobalOptions, OutputOptions {
  relog: string;
  analysis: AnalysisName[];
  symbols: string[];
}

function builder(yargs: Argv<GlobalOptions>): Argv<AnalyzeArguments> {
  return withOutput(yargs, 'Folder for the reports')
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
    .example('$0 analyze run.relog -a coverage -a profile -o out/', 'Both in one run of the simulator');
}

async function handler(args: AnalyzeArguments): Promise<void> {
  const analyze = await stages.analyze();
  const { createAnalysis } = await stages.analyses();
  const programs = await programsFor(args.relog, args.symbols);
  const result = await runStage('analyze', (stage) =>
    analyze({
      input: args.relog,
      outputDir: args.output,
      force: args.force,
      analyses: [...new Set(args.analysis)].map(createAnalysis),
      programs,
      ...stage,
    }),
  );
  noteCutOff(args.relog, result.cutOff);
  printResult(
    args.json,
    result,
    formatPairs([
      ['ran', formatRun(result.instructions, result.seconds)],
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
