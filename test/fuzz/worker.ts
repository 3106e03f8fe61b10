/**
 * A process that runs cases one after another. What a case does to the process is seen by its parent: which case and which
 * command it was, it has said before.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DecoupleError } from '../../formats/errors.js';
import { PackageStore } from '../../guests/debian/packages.js';
import { runHere } from '../../relog/process/here.js';
import { stayInThisProcess } from '../../relog/process/parent.js';
import { stages } from '../../cli/stages.js';
import { loadNative } from '../../engines/unicorn/native.js';
import type { Bases } from './bases.js';
import { runCase, type Finding } from './case.js';
import type { Case } from './cases.js';
import { readingCommands, type ReadingCommand } from './commands.js';
import { guard } from './guard.js';
import { mixed } from './mutant.js';
import { peakBytes } from '../support/memory.js';

export interface WorkerOptions {
  bases: Bases;
  /** An empty folder of its own. */
  folder: string;
  /** Each case runs one of so many commands. */
  oneIn: number;
}

export type ToWorker = { kind: 'start'; options: WorkerOptions } | { kind: 'case'; given: Case };

export type FromWorker =
  | { kind: 'ready' }
  | { kind: 'command'; line: string }
  | { kind: 'done'; number: number; statuses: Record<number, number>; findings: Finding[]; peak: number };

/** Each simulator clears it, and runs a few instructions only. */
const TRANSLATION_BYTES = 4 << 20;

const say = (message: FromWorker): void => void process.send!(message);
/** Of the case that runs. */
let outside: string[] = [];
let run: (given: Case) => Promise<void> = () => Promise.reject(new Error('not started'));

async function start({ bases, folder, oneIn }: WorkerOptions): Promise<void> {
  stayInThisProcess(runHere);
  loadNative().setTranslationBytes(TRANSLATION_BYTES);
  const commands = await readingCommands(bases);
  // They are looked for in every relog's name: the list is read from many files, and is the same every time.
  const guests = await stages.guests();
  const list = await guests.listGuests();
  stages.guests = async () => Promise.resolve({ ...guests, listGuests: async () => Promise.resolve(list) });
  // What Debian's archive offers is nothing of a spec's: one that names a package ends there.
  PackageStore.prototype.fetchAll = async (names) =>
    [...names].length === 0
      ? Promise.resolve([])
      : Promise.reject(new DecoupleError('network-unreachable', 'No package is fetched here.', 'Look at another.'));
  const place = join(folder, 'case');
  mkdirSync(place);
  // The instrumented engine is made once, in the cache of the user.
  const { instrumentedEngine, repairedEngine } = await import('../../relog/engine-modules.js');
  const { REPAIR_IDS } = await import('../../engines/v86/index.js');
  for (const repairs of [[], REPAIR_IDS]) {
    await repairedEngine(repairs);
    await instrumentedEngine(repairs);
    await instrumentedEngine(repairs, { stepping: true });
  }
  guard(folder, (what) => outside.push(what));
  run = async (given) => {
    outside = [];
    const { statuses, findings } = await runCase(given, place, chosen(commands, given.number, oneIn), (line) =>
      say({ kind: 'command', line }),
    );
    for (const what of outside) findings.push({ command: '', what: 'written outside the output', detail: what });
    say({ kind: 'done', number: given.number, statuses, findings, peak: peakBytes() });
  };
  say({ kind: 'ready' });
}

/** Not by turns: what a file is, its number says by turns, too. */
function chosen(commands: readonly ReadingCommand[], number: number, oneIn: number): readonly ReadingCommand[] {
  return commands.filter((_, place) => mixed(place, number) >>> 0 < 2 ** 32 / oneIn);
}

process.on('message', (message: ToWorker) => {
  void (message.kind === 'start' ? start(message.options) : run(message.given));
});
// Ctrl-C reaches the whole process group; the parent decides.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit());
