/**
 * The garbage collector: removes objects that nothing needs. New packs are on the disk before old ones go; packs that a
 * writer relies on say so by their time, and stay. It may be killed at any moment.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { DecoupleError, asOutputError, outputError } from '../errors.js';
import { readInput } from '../input-file.js';
import { isAlive, processId } from '../processes.js';
import { syncFolder, writeDurably, type StoreFolder } from './folder.js';
import { knownRoots, listsOf, needsOf } from './needs.js';
import { keyOf, PackWriter, type PackReader } from './pack.js';
import { PACK_SUFFIX, Store } from './store.js';

/** File systems keep times by a clock that is a little behind. */
const CLOCK_SLACK_MS = 1000;
/** A lease of another computer counts for this long: whether its writer lives cannot be seen from here. */
const FOREIGN_LEASE_MS = 86_400_000;
/** A lease and the lock of the garbage collector have less. */
const LEASE_BYTES = 4096;

export interface CollectOptions {
  store: string;
  /** Files that need objects, beside those that the store knows. */
  files: readonly string[];
  /** Objects of packs that were written or relied on later than this long ago stay. */
  olderThanMs: number;
  /** What files needed that are gone is not needed any more. */
  forgetMissing: boolean;
  /** Says what would be done. */
  dryRun: boolean;
}

export interface CollectResult {
  /** Objects that nothing needs, and that went (or would go). */
  removed: number;
  /** Bytes that it saved on the disk. Of a dry run, an upper bound. */
  freed: number;
  /** Objects that nothing needs, too young to go. */
  young: number;
  kept: number;
  /** Files that are gone, whose objects stay or, with `forgetMissing`, are not needed any more. */
  gone: string[];
  dryRun: boolean;
}

interface Plan {
  pack: PackReader;
  /** When it was last relied on, as seen before anything was decided. */
  time: number;
  live: number[];
  dead: number;
}

/** @throws DecoupleError store-…, damaged, object-missing, write-failed; what reading the files throws */
export function collect(options: CollectOptions): CollectResult {
  const store = Store.open(options.store);
  const { folder } = store;
  const lock = takeLock(folder);
  try {
    bringBack(folder);
    store.refresh();
    const cutoff = Math.min(Date.now() - options.olderThanMs, oldestLease(folder)) - CLOCK_SLACK_MS;
    // Times first: whoever relies on a pack after this is seen by its time having changed.
    const times = new Map(store.all().map(({ path }) => [path, statSync(path).mtimeMs]));
    const { roots, gone } = rootsThatCount(store, options, cutoff);
    const lists = [...roots.flatMap((root) => root.lists), ...options.files.flatMap(listsOf)];
    const { objects } = needsOf(store, lists);
    const plans = store.all().map((pack) => planFor(pack, times.get(pack.path)!, objects));
    const due = plans.filter(({ dead, time }) => dead > 0 && time < cutoff);
    const removed = sum(due.map(({ dead }) => dead));
    const young = sum(plans.map(({ dead }) => dead)) - removed;
    const kept = sum(plans.map(({ live }) => live.length));
    const result = { removed, young, kept, gone, dryRun: options.dryRun };
    if (options.dryRun)
      return { ...result, freed: sum(due.map(({ pack, dead }) => (pack.bytes * dead) / pack.objects)) };
    const added = rewrite(folder, due);
    const freed = sum(due.filter((plan) => putAway(folder, plan)).map(({ pack }) => pack.bytes)) - added;
    if (options.forgetMissing) forget(store, cutoff);
    sweep(folder);
    return { ...result, freed };
  } catch (error) {
    throw asOutputError(options.store, error);
  } finally {
    rmSync(lock, { force: true });
    store.close();
  }
}

function rootsThatCount(
  store: Store,
  { forgetMissing }: CollectOptions,
  cutoff: number,
): { roots: { lists: Buffer[] }[]; gone: string[] } {
  const { roots, unreadable } = knownRoots(store);
  if (unreadable.length > 0) {
    throw new DecoupleError(
      'store-invalid',
      `The store ${store.folder.path} has a root that cannot be read, ${unreadable[0]}.`,
      'Remove it when the file it stood for is given to gc by name, or is not needed.',
    );
  }
  const gone = roots.filter(({ state }) => state === 'gone').map(({ path }) => path);
  // A file that is being written under a temporary name is not there yet.
  return {
    roots: roots.filter(({ state, written }) => state === 'there' || !forgetMissing || written >= cutoff),
    gone,
  };
}

function planFor(pack: PackReader, time: number, objects: ReadonlySet<string>): Plan {
  const live: number[] = [];
  for (let i = 0; i < pack.objects; i++) if (objects.has(keyOf(pack.at(i).name))) live.push(i);
  return { pack, time, live, dead: pack.objects - live.length };
}

/** What is needed of packs that are to go, in a new one. @returns its bytes */
function rewrite(folder: StoreFolder, due: readonly Plan[]): number {
  if (due.every(({ live }) => live.length === 0)) return 0;
  const packs = folder.folder('packs');
  const writer = new PackWriter(join(packs, `${randomUUID()}${PACK_SUFFIX}`), folder.id);
  try {
    for (const { pack, live } of due) {
      // In the order they lie in, so that each group is unpacked once.
      const entries = live.map((index) => ({ index, ...pack.at(index) }));
      entries.sort((a, b) => a.group - b.group || a.offset - b.offset);
      for (const { index, name } of entries) writer.add(Buffer.from(name), pack.read(index));
    }
    writer.finish();
    syncFolder(packs);
    return writer.bytes;
  } finally {
    writer.abandon();
  }
}

/**
 * Puts a pack aside, and only then looks whether a writer came to rely on it: after that none can any more.
 * @returns whether it is gone
 */
function putAway(folder: StoreFolder, { pack, time }: Plan): boolean {
  const aside = join(folder.folder('gone', true), basename(pack.path));
  renameSync(pack.path, aside);
  if (statSync(aside).mtimeMs !== time) {
    renameSync(aside, pack.path);
    return false;
  }
  rmSync(aside);
  return true;
}

/** Packs that a collector which was killed had put aside. */
function bringBack(folder: StoreFolder): void {
  const aside = folder.folder('gone');
  if (!existsSync(aside)) return;
  for (const name of readdirSync(aside)) renameSync(join(aside, name), join(folder.folder('packs', true), name));
}

function forget(store: Store, cutoff: number): void {
  for (const { state, written, place } of knownRoots(store).roots) {
    if (state === 'gone' && written < cutoff) rmSync(place, { force: true });
  }
}

/** Since when the writer that works longest has worked; Infinity when none does. */
function oldestLease(folder: StoreFolder): number {
  return Math.min(
    Infinity,
    ...leases(folder)
      .filter(({ lives }) => lives)
      .map(({ since }) => since),
  );
}

function leases(folder: StoreFolder): { path: string; since: number; lives: boolean }[] {
  const places = folder.folder('leases');
  if (!existsSync(places)) return [];
  return readdirSync(places).flatMap((name) => {
    const path = join(places, name);
    try {
      const { pid, host, since } = JSON.parse(readInput(path, LEASE_BYTES).toString('utf8')) as {
        pid: number;
        host: string;
        since: number;
      };
      const lives = host === hostname() ? isAlive(pid) : Date.now() - since < FOREIGN_LEASE_MS;
      return [{ path, since, lives }];
    } catch {
      // Gone meanwhile, or not written whole: its writer has seen nothing of the store yet.
      return [];
    }
  });
}

/** What writers left behind that were killed. */
function sweep(folder: StoreFolder): void {
  const began = Math.min(Date.now(), oldestLease(folder));
  for (const { path, lives } of leases(folder)) if (!lives) rmSync(path, { force: true });
  for (const place of (['packs', 'roots', 'leases'] as const).map((name) => folder.folder(name)).filter(existsSync)) {
    for (const name of readdirSync(place).filter((each) => each.endsWith('.part'))) {
      const path = join(place, name);
      const stats = statSync(path, { throwIfNoEntry: false });
      const pid = Number(/\.(\d+)\.part$/.exec(name)?.[1]);
      if (stats !== undefined && stats.mtimeMs < began && !isAlive(pid)) rmSync(path, { force: true });
    }
  }
}

function takeLock(folder: StoreFolder): string {
  const path = join(folder.path, 'gc.lock');
  for (let tries = 0; ; tries++) {
    try {
      writeDurably(path, `${processId()}\n`, false);
      return path;
    } catch (error) {
      const taken = error instanceof DecoupleError && error.code === 'output-exists';
      if (!taken) throw outputError(folder.path, error);
      const pid = Number(readIfThere(path));
      if (pid > 0 && (isAlive(pid) || tries > 0)) {
        throw new DecoupleError(
          'store-invalid',
          `Another gc works on the store ${folder.path} (process ${pid}).`,
          `Wait for it; if there is none, remove ${path}.`,
        );
      }
      rmSync(path, { force: true });
    }
  }
}

function readIfThere(path: string): string {
  try {
    return readInput(path, LEASE_BYTES).toString('utf8');
  } catch {
    return '';
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);
