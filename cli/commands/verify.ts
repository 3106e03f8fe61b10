import type { Argv, CommandModule } from 'yargs';
import { EXIT_STATUS, exitStatus } from '../../formats/errors.js';
import type { Divergence, VerifyResult } from '../../relog/api.js';
import type { GlobalOptions } from '../options.js';
import { noteCutOff } from '../outcome.js';
import { formatPairs, printResult } from '../output.js';
import { runStage } from '../run.js';
import { stages } from '../stages.js';
import { formatExact, formatRun } from '../units.js';

interface VerifyArguments extends GlobalOptions {
  relog: string;
}

function builder(yargs: Argv<GlobalOptions>): Argv<VerifyArguments> {
  return yargs
    .positional('relog', { type: 'string', demandOption: true, describe: 'A relog' })
    .example('$0 verify run.relog --json', 'Does another CPU engine do exactly what the machine did?');
}

async function handler(args: VerifyArguments): Promise<void> {
  const verify = await stages.verify();
  const findSymbols = await stages.kernelNames();
  const result = await runStage('verify', (stage) => verify({ input: args.relog, findSymbols, ...stage }));
  noteCutOff(args.relog, result.cutOff);
  printResult(args.json, toJson(result), formatVerdict(result));
  process.exitCode = result.exact ? EXIT_STATUS.ok : exitStatus('diverged');
}

/** What machines get: the fields that are promised, `first` only when there is one. */
function toJson({ exact, divergences, keyframes, instructions, events, forgiven, first }: VerifyResult): object {
  return { exact, divergences, keyframes, instructions, events, forgiven, ...(first !== null && { first }) };
}

function formatVerdict(result: VerifyResult): string {
  const { exact, divergences, keyframes, instructions, events, forgiven, first, seconds } = result;
  const verdict = exact ? 'exact' : `DIVERGED (${formatExact(divergences)} ${divergences === 1 ? 'place' : 'places'})`;
  const rows = Object.entries(forgiven).filter(([, count]) => count > 0);
  const pairs: [string, string][] = [
    ['verdict', verdict],
    ['ran', formatRun(instructions, seconds)],
    ['compared', `${formatExact(events)} events, ${formatExact(keyframes)} keyframes`],
    ['forgiven', rows.length === 0 ? 'nothing' : rows.map(([row, n]) => `${row}: ${formatExact(n)}`).join(', ')],
  ];
  return formatPairs(pairs) + (first === null ? '' : `\n${formatDivergence(first)}`);
}

function formatDivergence({ position, symbol, instruction, what, expected, got, events }: Divergence): string {
  const pairs: [string, string][] = [
    ['first difference', what],
    ['position', position + (symbol === null ? '' : `, in ${symbol}`)],
    ['instruction', instruction ?? 'unknown'],
    ['expected', expected],
    ['got', got],
  ];
  return (
    formatPairs(pairs) + (events.length === 0 ? '' : `events around it\n${events.map((e) => `  ${e}\n`).join('')}`)
  );
}

export const verifyCommand: CommandModule<GlobalOptions, VerifyArguments> = {
  command: 'verify <relog>',
  describe: 'Run a relog in the simulator and compare everything',
  builder,
  handler,
};
