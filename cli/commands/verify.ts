import type { Argv, CommandModule } from 'yargs';
import { DecoupleError, EXIT_STATUS, exitStatus } from '../../formats/errors.js';
import type { Divergence, ExceptionOfTheMachine, VerifyResult } from '../../relog/api.js';
import { parseDisks, withDisks, type DiskOption } from '../disks.js';
import { formatExplanation } from '../explanation.js';
import type { VerifyJson } from '../json.js';
import { inputFile, type GlobalOptions } from '../options.js';
import { noteCutOff } from '../outcome.js';
import { formatList, formatPairs, printResult } from '../output.js';
import { runStage } from '../run.js';
import { modules, stages } from '../stages.js';
import { withStore, type StoreOption } from '../store.js';
import { formatCounted, formatExact, formatRun } from '../units.js';

interface VerifyArguments extends GlobalOptions, StoreOption, DiskOption {
  relog: string;
  explain: boolean;
  recording: string | undefined;
}

function builder(yargs: Argv<GlobalOptions>): Argv<VerifyArguments> {
  return withStore(withDisks(yargs, 'With --recording: where a base image is now (hda=PATH)'))
    .positional('relog', inputFile('A relog'))
    .option('explain', { type: 'boolean', default: false, describe: 'Narrow a difference down to its origin' })
    .option('recording', {
      type: 'string',
      requiresArg: true,
      describe: 'With --explain: what the relog was made of; without it less can be known',
    })
    .example('$0 verify run.relog --json', 'Does another CPU engine do exactly what the machine did?')
    .example('$0 verify run.relog --explain --recording run.dcr', 'If not, which instruction is the first?');
}

async function handler(args: VerifyArguments): Promise<void> {
  const disks = parseDisks(args.disk);
  const recording = args.recording ?? null;
  if (recording !== null && !args.explain) throw unexplained('--recording');
  if (args.disk.length > 0 && recording === null) throw unexplained('--disk');
  const verify = await stages.verify();
  const { explain } = args;
  const { result, explanation } = await runStage('verify', (stage) =>
    verify({ input: args.relog, symbols: modules.kernelNames, explain, recording, disks, ...stage }),
  );
  noteCutOff(args.relog, result.cutOff);
  const shown = explanation === null ? '' : `\n${formatExplanation(explanation)}`;
  const json = { ...toJson(result), ...(explanation !== null && { explanation }) };
  printResult(args.json, 'verify', json, formatVerdict(result) + shown);
  process.exitCode = result.exact ? EXIT_STATUS.ok : exitStatus('diverged');
}

function unexplained(option: string): DecoupleError {
  const needs = option === '--disk' ? '--explain and --recording' : '--explain';
  return new DecoupleError('usage', `${option} says nothing without ${needs}.`, `Add ${needs}, or leave it out.`);
}

/** What machines get: the fields that are promised, `first` only when there is one. */
function toJson(result: VerifyResult): VerifyJson {
  const {
    exact,
    divergences,
    keyframes,
    instructions,
    events,
    forgiven,
    exceptionsOnlyTheMachineRaised,
    healed,
    first,
  } = result;
  const counts = { exact, divergences, keyframes, instructions, events, forgiven };
  return { ...counts, exceptionsOnlyTheMachineRaised, healed, ...(first !== null && { first }) };
}

function formatVerdict(result: VerifyResult): string {
  const { exact, divergences, keyframes, instructions, events, forgiven, first, seconds } = result;
  const alone = result.exceptionsOnlyTheMachineRaised;
  const healed = result.healed.reduce((sum, { count }) => sum + count, 0);
  const right = healed === 0 ? 'exact' : `exact, ${formatExact(healed)} healed`;
  const verdict = exact ? right : `DIVERGED (${formatCounted(divergences, 'place')})`;
  const rows = Object.entries(forgiven).filter(([, count]) => count > 0);
  const pairs: [string, string][] = [
    ['verdict', verdict],
    ['ran', formatRun(instructions, seconds)],
    ['compared', `${formatCounted(events, 'event')}, ${formatCounted(keyframes, 'keyframe')}`],
    ['forgiven', rows.length === 0 ? 'nothing' : rows.map(([row, n]) => `${row}: ${formatExact(n)}`).join(', ')],
    ...result.healed.map((one): [string, string] => ['healed', `${one.instruction}: ${formatExact(one.count)}`]),
    ...alone.map((one): [string, string] => ["the machine's alone", formatException(one)]),
  ];
  return formatPairs(pairs) + (first === null ? '' : `\n${formatDivergence(first)}`);
}

function formatException({ instruction, vector, raised, count }: ExceptionOfTheMachine): string {
  const engine = typeof raised === 'number' ? `vector ${raised}` : raised;
  return `vector ${vector} at ${instruction}: ${formatExact(count)} (the simulator alone: ${engine})`;
}

function formatDivergence({ position, symbol, instruction, what, expected, got, events }: Divergence): string {
  const pairs: [string, string][] = [
    ['first difference', what],
    ['position', position + (symbol === null ? '' : `, in ${symbol}`)],
    ['instruction', instruction ?? 'unknown'],
    ['expected', expected],
    ['got', got],
  ];
  return formatPairs(pairs) + formatList('events around it', events);
}

export const verifyCommand: CommandModule<GlobalOptions, VerifyArguments> = {
  command: 'verify <relog>',
  describe: 'Run a relog in the simulator and compare everything',
  builder,
  handler,
};
