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
