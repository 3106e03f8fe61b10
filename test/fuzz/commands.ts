/** The commands that read files, as a shell gives them: parsed once by the command line itself, then run for every case. */
import yargs, { type CommandModule } from 'yargs';
import { withCommands } from '../../cli/command-line.js';
import type { Bases } from './bases.js';
import type { Case } from './cases.js';
import type { WrittenBase, WrittenBases } from './written.js';

/** What stands in arguments for the file of a case and for its folder. */
const FILE = '@file@';
const FOLDER = '@folder@';

/** Two machines, side by side: as long as all other commands together. */
const EXPLAIN_ONE_IN = 4;

export interface ReadingCommand {
  /** As it is told in findings. */
  line: string;
  /** Runs it for a file; what it writes goes into the folder. */
  run: (file: string, folder: string) => Promise<void>;
  /** Whether it is for this file: one command runs for long before it opens a file of the wrong kind. */
  isFor: (base: Case['base'], number: number) => boolean;
  /** What `--store` said. */
  store: string | null;
}

function lines({ recordings: [recording], relogs: [relog], wrongRelog, store }: Bases): string[][] {
  const out = (name: string): string[] => ['-o', `${FOLDER}/${name}`];
  const json = '--json';
  return [
    ['info', FILE],
    ['info', FILE, json],
    ['stats', FILE],
    ['dump', FILE, '--data'],
    ['dump', FILE, '--from', '100', '--to', '2000', '--limit', '50'],
    ['diff', FILE, relog!],
    ['diff', recording!, FILE, json],
    ['doctor', FILE, '--store', store],
    ['pack', FILE, ...out('packed'), '--store', store],
    ['unpack', FILE, ...out('unpacked'), '--store', `${FOLDER}/store`],
    ['store', 'verify', `${FOLDER}/store`, FILE],
    ['store', 'gc', `${FOLDER}/store`, FILE, '--older-than', '0s'],
    ['cut', FILE, '--from', '150', ...out('cut')],
    ['redact', FILE, ...out('redacted')],
    ['analyze', FILE, '-a', 'profile', '--from', '150', '--to', '2000', ...out('part')],
    // Begins as `verify` without it does.
    ['verify', FILE, '--explain', json, '--store', store],
    ['verify', wrongRelog, '--explain', '--recording', FILE],
    ['analyze', FILE, '-a', 'coverage', '-a', 'profile', ...out('reports')],
    ['replay', FILE, '--verify', '--store', store],
    ['relog', FILE, ...out('relog')],
    ['screenshot', FILE, '--at', 'end', ...out('png')],
    ['export', FILE, '--asciicast', ...out('cast')],
    ['export', FILE, '--pcapng', ...out('pcapng')],
    ['disk', 'list', FILE],
    ['disk', 'export', FILE, '--drive', 'hda', ...out('hda')],
    ['disk', 'export', FILE, '--drive', 'fda', ...out('fda')],
  ];
}

/** Commands that read what people write. */
function writtenLines({ folder, guest }: WrittenBases): { kind: WrittenBase['kind']; args: string[] }[] {
  const allow = ['--allow-files', folder];
  const short = ['--for', '2k', '--start', 'power-on', '-o', `${FOLDER}/out.dcr`, ...allow];
  return [
    { kind: 'spec', args: ['guests', 'build', FILE, ...allow] },
    { kind: 'spec', args: ['guests', 'show', FILE, '--json', ...allow] },
    { kind: 'spec', args: ['record', FILE, ...short] },
    { kind: 'session', args: ['record', guest, '--session', FILE, ...short] },
  ];
}

export async function readingCommands(bases: Bases): Promise<ReadingCommand[]> {
  const commands: ReadingCommand[] = [];
  for (const args of lines(bases)) {
    const isFor = ({ kind }: Case['base'], number: number): boolean => {
      if (kind !== 'recording' && kind !== 'relog') return false;
      return !args.includes('--recording') || (kind === 'recording' && Math.floor(number / 10) % EXPLAIN_ONE_IN === 0);
    };
    commands.push({ ...(await parsed(args)), isFor });
  }
  for (const { kind, args } of writtenLines(bases.written)) {
    commands.push({ ...(await parsed(args)), isFor: (base) => base.kind === kind });
  }
  return commands;
}

/** Parsing takes longer than most commands do: the handler is kept with its arguments, and is not run yet. */
async function parsed(args: string[]): Promise<Omit<ReadingCommand, 'isFor'>> {
  const found: { handler: CommandModule['handler']; args: object }[] = [];
  const instance = yargs(args);
  const command = instance.command.bind(instance) as (module: CommandModule) => unknown;
  const keeping = (module: CommandModule): unknown =>
    command({
      ...module,
      handler: (given: object) => void found.push({ handler: module.handler, args: given }),
    });
  instance.command = keeping as typeof instance.command;
  delete process.env['DECOUPLE_STORE'];
  await withCommands(instance).parseAsync();
  const store = process.env['DECOUPLE_STORE'] ?? null;
  const chosen = found.at(-1);
  if (chosen === undefined) throw new Error(`no command took ${args.join(' ')}`);
  return {
    line: args.join(' '),
    run: async (file, folder) => chosen.handler(filledIn(chosen.args, file, folder) as never),
    store,
  };
}

function filledIn(value: unknown, file: string, folder: string): unknown {
  if (typeof value === 'string') return value.replace(FILE, file).replace(FOLDER, folder);
  if (Array.isArray(value)) return value.map((each) => filledIn(each, file, folder));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, filledIn(each, file, folder)]));
}
