/** The command line `decouple`: puts the commands together, and turns errors into a sentence and a status. */
import { readFileSync } from 'node:fs';
import yargs, { type Argv } from 'yargs';
import { STANDARD_INPUT, STANDARD_INPUT_FILE } from '../formats/container/index.js';
import { DecoupleError, EXIT_MEANING, EXIT_STATUS, type ExitClass } from '../formats/errors.js';
import { analyzeCommand } from './commands/analyze.js';
import { chooseShell, completionCommand } from './commands/completion.js';
import { doctorCommand } from './commands/doctor.js';
import { exportCommand } from './commands/export.js';
import { cutCommand } from './commands/cut.js';
import { diffCommand } from './commands/diff.js';
import { diskCommand } from './commands/disk.js';
import { dumpCommand } from './commands/dump.js';
import { guestsCommand } from './commands/guests.js';
import { infoCommand } from './commands/info.js';
import { packCommand, unpackCommand } from './commands/pack.js';
import { recordCommand } from './commands/record.js';
import { healCommand } from './commands/heal.js';
import { redactCommand } from './commands/redact.js';
import { relogCommand } from './commands/relog.js';
import { replayCommand } from './commands/replay.js';
import { screenshotCommand } from './commands/screenshot.js';
import { statsCommand } from './commands/stats.js';
import { storeCommand } from './commands/store.js';
import { verifyCommand } from './commands/verify.js';
import { reportError } from './output.js';
import { PROJECT } from './paths.js';
import { setVerbosity } from './verbosity.js';

/** Columns of a help text at most: in wider ones, what an option does is far from what it takes. */
const HELP_WIDTH = 100;

/**
 * @param instance of yargs, with nothing in it but arguments
 * @param width of help texts, in columns
 */
export function withCommands(instance: Argv, width = helpWidth()): Argv {
  return instance
    .scriptName('decouple')
    .locale('en')
    .usage('$0 <command>\n\nRecord a whole PC at full speed, analyse the very same instructions later.')
    .option('json', { type: 'boolean', default: false, global: true, describe: 'Print the result as JSON on stdout' })
    .option('debug', { type: 'boolean', default: false, global: true, describe: 'Show stacks of errors' })
    .option('quiet', {
      ...{ type: 'boolean', default: false, global: true },
      describe: 'On standard error nothing but what went wrong',
    })
    .option('verbose', {
      type: 'boolean',
      default: false,
      global: true,
      describe: 'Say, too, how the engine is confined',
    })
    .middleware(setVerbosity, true)
    .command(recordCommand)
    .command(replayCommand)
    .command(relogCommand)
    .command(exportCommand)
    .command(screenshotCommand)
    .command(verifyCommand)
    .command(analyzeCommand)
    .command(guestsCommand)
    .command(diskCommand)
    .command(infoCommand)
    .command(statsCommand)
    .command(cutCommand)
    .command(healCommand)
    .command(redactCommand)
    .command(dumpCommand)
    .command(diffCommand)
    .command(packCommand)
    .command(unpackCommand)
    .command(storeCommand)
    .command(doctorCommand)
    .command(completionCommand)
    .demandCommand(1, 'Name a command.')
    .strict()
    .recommendCommands()
    .check(refuseOdd)
    .parserConfiguration({ 'camel-case-expansion': false })
    .version(version())
    .epilogue(exitStatuses())
    .wrap(width)
    .exitProcess(false)
    .fail((message: string | null, error: Error | undefined) => {
      // Errors of handlers and of our own checks pass; what yargs itself finds wrong comes as a message.
      throw error instanceof Error && message === null
        ? error
        : usageError(message ?? 'It cannot be understood.', error);
    });
}

/** A terminal that does not know its size says 0. */
function helpWidth(): number {
  return Math.min((process.stdout.isTTY && process.stdout.columns) || HELP_WIDTH, HELP_WIDTH);
}

/** Options that may be given several times. */
const REPEATABLE = new Set([
  'analysis',
  'symbols',
  'forward',
  'disk',
  'files',
  'allow-files',
  'allow',
  'show-port',
  'showPort',
]);

/** yargs makes an array of an option that is given twice, and lets empty values pass; no handler expects either. */
function refuseOdd(args: Record<string, unknown>): true {
  if (args['quiet'] === true && args['verbose'] === true) throw usageError('--quiet and --verbose exclude each other.');
  for (const [name, value] of Object.entries(args)) {
    if (name.length === 1) continue;
    if (Array.isArray(value) && !REPEATABLE.has(name)) throw usageError(`--${name} is given more than once.`);
    if (value === '') throw usageError(`${name} is empty.`);
  }
  return true;
}

function usageError(message: string, cause?: Error): DecoupleError {
  if (cause instanceof DecoupleError) return cause;
  const sentence = message.startsWith('Not enough non-option arguments')
    ? 'The command needs the name of a file or a guest.'
    : message
        .trim()
        .replace(/\s*\n\s*/g, ' ')
        .replace(/^Did you mean/, 'There is no such command. $&');
  const dotted = /[.?!]$/.test(sentence) ? sentence : `${sentence}.`;
  return new DecoupleError('usage', dotted, 'See `decouple --help`, or --help after a command.', { cause });
}

function exitStatuses(): string {
  const lines = (Object.keys(EXIT_STATUS) as ExitClass[]).map(
    (name) => `  ${String(EXIT_STATUS[name]).padStart(3)}  ${EXIT_MEANING[name]}`,
  );
  return `Exit status:\n${lines.join('\n')}`;
}

function version(): string {
  const { version } = JSON.parse(readFileSync(`${PROJECT}package.json`, 'utf8')) as { version: string };
  return version;
}

/** `-` where a file is expected, of which yargs would make an empty text; and what is behind `--`, which it takes for no argument of a command. */
function plainNames(args: string[]): string[] {
  const end = args.indexOf('--');
  const named = (end < 0 ? args : args.slice(0, end)).map((arg, i, all) =>
    arg === STANDARD_INPUT && !all[i - 1]?.startsWith('-') ? STANDARD_INPUT_FILE : arg,
  );
  return end < 0 ? named : [...named, ...args.slice(end + 1).map(behindOptions)];
}

/** A name that begins like an option is one of a file here. */
function behindOptions(arg: string): string {
  if (arg === STANDARD_INPUT) return STANDARD_INPUT_FILE;
  return arg.startsWith('-') ? `./${arg}` : arg;
}

/**
 * Runs one command. What it has to say goes to stdout and stderr.
 * @param argv arguments, the name of the command first
 * @returns the status to exit with
 */
export async function runCommandLine(argv: string[]): Promise<number> {
  const args = plainNames(argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv);
  process.exitCode = EXIT_STATUS.ok;
  chooseShell(args);
  try {
    await withCommands(yargs(args)).parseAsync();
    return process.exitCode;
  } catch (error) {
    return reportError(error, {
      json: args.some((arg) => /^--json(=(?!false$)|$)/.test(arg)),
      debug: args.includes('--debug'),
    });
  }
}
