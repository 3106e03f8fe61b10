/** How much a command tells a person beside its result: `--quiet` and `--verbose`. */
export type Verbosity = 'quiet' | 'usual' | 'verbose';

let verbosity: Verbosity = 'usual';

export const isQuiet = (): boolean => verbosity === 'quiet';
export const isVerbose = (): boolean => verbosity === 'verbose';

export function setVerbosity({ quiet, verbose }: { quiet: boolean; verbose: boolean }): void {
  verbosity = quiet ? 'quiet' : verbose ? 'verbose' : 'usual';
}
