import type { Argv, CommandModule } from 'yargs';
import type { GlobalOptions } from '../options.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

interface CompletionArguments extends GlobalOptions {
  shell: (typeof SHELLS)[number];
}

/** yargs looks at its environment for the shell when it is made: before it knows its arguments. */
export function chooseShell([command, shell]: readonly string[]): void {
  if (command !== 'completion' || !SHELLS.some((each) => each === shell)) return;
  delete process.env['ZSH_NAME'];
  process.env['SHELL'] = shell;
}

let scriptOf: (() => void) | null = null;

function builder(yargs: Argv<GlobalOptions>): Argv<CompletionArguments> {
  scriptOf = () => void yargs.showCompletionScript();
  return yargs
    .positional('shell', { choices: SHELLS, demandOption: true, describe: 'Whose script' })
    .example('$0 completion bash >> ~/.bashrc', 'From the next shell on, Tab completes commands and options')
    .example('$0 completion fish > ~/.config/fish/completions/decouple.fish', 'The same for fish');
}

export const completionCommand: CommandModule<GlobalOptions, CompletionArguments> = {
  command: 'completion <shell>',
  describe: 'Print a script that lets a shell complete commands and options',
  builder,
  handler: () => scriptOf?.(),
};
