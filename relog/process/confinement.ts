/**
 * Lets a stage's process see no more of this computer than the stage needs: its inputs, to be read; for what it writes an empty folder
 * in the place of the one that the output is meant for, from which this process takes it; and no other process, no network, no program
 * to start. See docs/security.md.
 */
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { callFilter, findBubblewrap, kernelPlaces, shown, systemPlaces, type Bubblewrap } from '../../confine/index.js';
import { asOutputError, outputExists } from '../../formats/errors.js';
import { checkOutput, createFile, publish, publishAll, temporaryPath } from '../../formats/publish.js';
import { engineCache, prepareEngines, type EngineKind } from '../engine-modules.js';
import type { StageName } from './protocol.js';
import { reachOf, type NamingOptions, type Output, type Reach } from './reach.js';

/** The folder of package.json; this file runs as dist/relog/process/confinement.js. */
const PROJECT = fileURLToPath(new URL('../../../', import.meta.url));
/** What a stage loads. */
const PARTS = ['dist', 'node_modules', 'package.json', 'engines', '.cache'];
const ALONE = ['--unshare-user-try', '--unshare-ipc', '--unshare-pid', '--unshare-uts', '--unshare-cgroup-try'];
/** What the process is told of its surroundings. */
const ENVIRONMENT = /^(PATH|HOME|USER|LANG|LC_.*|TZ|XDG_CACHE_HOME|LD_LIBRARY_PATH|DECOUPLE_.*)$/;

/** An output while it is made. */
interface Pending extends Output {
  /** Where it is. */
  made: string;
}

export class Confinement {
  private readonly pending: Pending[] = [];
  /** Folders that stand in for those of the outputs, by those. */
  private readonly places = new Map<string, string>();

  /** @throws DecoupleError output-exists, write-failed */
  constructor(
    private readonly bubblewrap: Bubblewrap,
    private readonly reach: Reach,
  ) {
    try {
      for (const output of reach.outputs) this.prepare(output);
    } catch (error) {
      this.clear();
      throw error;
    }
  }

  get program(): string {
    return this.bubblewrap.program;
  }

  get environment(): Record<string, string> {
    const kept = Object.entries(process.env).filter(([name, value]) => ENVIRONMENT.test(name) && value !== undefined);
    return { ...(Object.fromEntries(kept) as Record<string, string>), ...this.bubblewrap.environment };
  }

  /** Of system calls; null where it is not known how. */
  get filter(): Buffer | null {
    return callFilter({ sockets: this.reach.network });
  }

  /** Whether the growing output is there already, empty. */
  get claimed(): boolean {
    return this.pending.some(({ kind }) => kind === 'growing');
  }

  /** Arguments of bubblewrap, without the program to start. */
  get args(): string[] {
    const { reach } = this;
    const names = { names: reach.network };
    const cwd = process.cwd();
    return [
      ...[...this.bubblewrap.args, ...ALONE, ...(reach.network ? [] : ['--unshare-net'])],
      ...(reach.everything ? [...shown('/'), ...kernelPlaces()] : systemPlaces(names)),
      // A place that lies in another comes after it.
      ...this.mounts().flatMap(({ how, from, to }) => [how, from, to]),
      ...(reach.everything ? [] : ['--dir', cwd]),
      ...['--chdir', cwd],
    ];
  }

  /** What is shown in the place of an output's folder stands there as an empty file, which nobody made. */
  private get stood(): ReadonlySet<string> {
    return new Set(this.mounts().map(({ to }) => to));
  }

  private mounts(): Mount[] {
    const { reach } = this;
    const read = (path: string): Mount => ({ how: '--ro-bind', from: path, to: path });
    const write = (path: string): Mount => ({ how: '--bind', from: path, to: path });
    const parts = PARTS.map((part) => join(PROJECT, part)).filter((path) => existsSync(path));
    const above = PROJECT.indexOf(`${sep}node_modules${sep}`);
    if (above >= 0) parts.push(join(PROJECT.slice(0, above), 'node_modules'));
    const cache = engineCache();
    const seen = reach.read.filter((path) => !reach.write.some((folder) => isWithin(path, folder)));
    const growing = this.pending.filter(({ kind }) => kind === 'growing');
    const all = [
      ...[...parts, realpathSync(process.execPath), ...seen].map(read),
      ...(existsSync(cache) ? [read(cache)] : []),
      ...reach.write.map(write),
      ...[...this.places].map(([to, from]): Mount => ({ how: '--bind', from, to })),
      ...growing.map(({ made, path }): Mount => ({ how: '--bind', from: made, to: path })),
    ];
    const unique = [...new Map(all.map((mount) => [mount.to, mount])).values()];
    return unique.sort((a, b) => depth(a.to) - depth(b.to));
  }

  private prepare(output: Output): void {
    const { path, kind, force } = output;
    if (kind === 'file' || kind === 'growing') checkOutput(path, force);
    try {
      if (kind === 'folder') mkdirSync(dirname(path), { recursive: true });
      const folder = dirname(path);
      const { read, everything } = this.reach;
      if (everything || read.some((each) => isWithin(folder, each) || each === path)) {
        // What is read would not be seen behind an empty folder, and what is shown cannot be replaced.
        this.reach.write.push(folder);
        return;
      }
      if (kind === 'growing') {
        const made = temporaryPath(path);
        closeSync(createFile(made));
        this.pending.push({ ...output, made });
        return;
      }
      const place = this.places.get(folder) ?? mkdtempSync(`${temporaryPath(path)}-`);
      this.places.set(folder, place);
      this.pending.push({ ...output, made: join(place, basename(path)) });
    } catch (error) {
      throw asOutputError(path, error);
    }
  }

  /**
   * Gives the growing output its name, once there is something in it.
   * @throws DecoupleError output-exists, write-failed
   */
  grown(): void {
    const at = this.pending.findIndex(({ kind }) => kind === 'growing');
    const output = this.pending[at];
    if (output === undefined || statSync(output.made).size === 0) return;
    this.pending.splice(at, 1);
    give(output, () => publish(output.made, output.path, output.force));
  }

  /**
   * Puts what was made in its place.
   * @throws DecoupleError output-exists, write-failed
   */
  publish(): void {
    this.grown();
    for (const output of this.pending.splice(0)) {
      if (output.kind === 'growing') rmSync(output.made, { force: true });
      else if (existsSync(output.made)) give(output, () => place(output, this.stood));
    }
  }

  /** Removes what is left. Safe to call at any time, also twice. */
  clear(): void {
    for (const { kind, made } of this.pending.splice(0)) if (kind === 'growing') rmSync(made, { force: true });
    for (const folder of this.places.values()) rmSync(folder, { recursive: true, force: true });
    this.places.clear();
  }
}

interface Mount {
  how: '--bind' | '--ro-bind';
  from: string;
  to: string;
}

const isWithin = (path: string, folder: string): boolean => path === folder || path.startsWith(folder + sep);
const depth = (path: string): number => path.split(sep).length;

/** How the processes of stages are confined: by bubblewrap, or not, as the user wants it or as it cannot be had. */
export async function confinement(): Promise<'bubblewrap' | 'off' | 'not here'> {
  if (isOff()) return 'off';
  return (await findBubblewrap()) === null ? 'not here' : 'bubblewrap';
}

const isOff = (): boolean => process.env['DECOUPLE_CONFINE'] === 'off';

/** Engines that a stage uses. */
const ENGINES: Record<StageName, EngineKind[]> = {
  ...{ record: ['plain'], plain: ['plain'], replay: ['plain'], export: ['plain'], screenshot: ['plain'] },
  ...{ disk: ['plain'], asciicast: ['plain'], relog: ['instrumented'], verify: ['stepping'], explain: ['stepping'] },
  ...{ heal: ['instrumented', 'stepping'], analyze: [] },
};

/**
 * Null where processes cannot be confined, or the user does not want it (DECOUPLE_CONFINE=off).
 * @throws DecoupleError file-missing, file-unreadable, output-exists, write-failed
 */
export async function confine(stage: StageName, options: NamingOptions): Promise<Confinement | null> {
  const bubblewrap = isOff() ? null : await findBubblewrap();
  if (bubblewrap === null) return null;
  const reach = reachOf(options);
  const kinds = options.level === 'device' ? (['instrumented'] as const) : ENGINES[stage];
  if (reach.repairs !== null) await prepareEngines(kinds, reach.repairs);
  return new Confinement(bubblewrap, reach);
}

/** @param stood what is no output, whatever there is of it */
function place({ kind, made, path, force }: Pending, stood: ReadonlySet<string>): void {
  if (kind === 'file') return publish(made, path, force);
  if (kind === 'new folder') {
    if (existsSync(path)) throw outputExists(path);
    return renameSync(made, path);
  }
  const files = readdirSync(made, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((from) => ({ from, to: resolve(path, from.slice(made.length + 1)) }))
    .filter(({ to }) => !stood.has(to));
  publishAll(files, force);
}

function give({ path }: Pending, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw asOutputError(path, error);
  }
}
