/** Options that several commands share, and the shape yargs gives them. */
import type { Argv } from 'yargs';

/** On every command. */
export interface GlobalOptions {
  json: boolean;
  debug: boolean;
}

export interface OutputOptions {
  output: string;
  force: boolean;
}

/** `-o` and `--force`, for commands that write a file or a folder. */
export function withOutput<T>(yargs: Argv<T>, describe: string): Argv<T & OutputOptions> {
  return yargs
    .option('output', { alias: 'o', type: 'string', demandOption: true, requiresArg: true, describe })
    .option('force', { type: 'boolean', default: false, describe: 'Replace an output that exists' });
}

/**
 * A file that a command reads once, and so from a pipe, too.
 * @param what is in it, as the help begins
 */
export const inputFile = (what: string) =>
  ({ type: 'string', demandOption: true, describe: `${what}, or - for standard input` }) as const;

export interface AllowFilesOption {
  'allow-files': string[];
}

/** For commands that take the spec of a guest. */
export function withAllowFiles<T>(yargs: Argv<T>): Argv<T & AllowFilesOption> {
  return yargs.option('allow-files', {
    type: 'string',
    array: true,
    nargs: 1,
    default: [] as string[],
    describe: 'A folder whose files the spec may name; else only those of its own folder (repeatable)',
  });
}
