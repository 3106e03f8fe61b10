/**
 * A store's folder (docs/store.md): a marker with version and identity, packs, roots, leases. Everything in it is
 * written under a temporary name and renamed; nothing is ever changed in place.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DecoupleError, outputError } from '../errors.js';
import { readInput } from '../input-file.js';
import { publish, temporaryPath } from '../publish.js';

const MARKER = 'decouple-store.json';
const MARKER_BYTES = 4096;
export const STORE_VERSION = 1;

export class StoreFolder {
  private constructor(
    /** Absolute. */
    readonly path: string,
    /** Of this store, for ever: tells two stores at one path apart. */
    readonly id: string,
  ) {}

  /** @throws DecoupleError store-missing, store-invalid, version-too-new */
  static open(path: string): StoreFolder {
    const place = resolve(path);
    let text: string;
    try {
      text = readInput(join(place, MARKER), MARKER_BYTES).toString('utf8');
    } catch (error) {
      if (!(error instanceof DecoupleError && error.code === 'file-missing')) throw unreadable(place, error);
      throw new DecoupleError(
        'store-missing',
        `${path} is not a store.`,
        'Name the folder of a store: after `store stats` and its like, else with --store DIR or in DECOUPLE_STORE.',
        { cause: error },
      );
    }
    const { version, id } = parseMarker(place, text);
    if (version > STORE_VERSION) {
      throw new DecoupleError(
        'version-too-new',
        `The store ${path} has version ${version}; this decouple reads up to ${STORE_VERSION}.`,
        'Install a newer decouple.',
      );
    }
    return new StoreFolder(place, id);
  }

  /** Opens a store, or makes one of a folder that is empty or not there. @throws as `open`; write-failed */
  static openOrCreate(path: string): StoreFolder {
    const place = resolve(path);
    if (existsSync(join(place, MARKER))) return StoreFolder.open(place);
    try {
      mkdirSync(place, { recursive: true });
      const marker = { version: STORE_VERSION, id: randomUUID() };
      writeDurably(join(place, MARKER), `${JSON.stringify(marker)}\n`, false);
    } catch (error) {
      // Another writer was quicker: then its marker counts.
      if (!(error instanceof DecoupleError && error.code === 'output-exists')) throw outputError(path, error);
    }
    return StoreFolder.open(place);
  }

  /** The path of something in it; folders on the way are made when `make` says so. */
  folder(name: 'packs' | 'gone' | 'roots' | 'leases', make = false): string {
    const path = join(this.path, name);
    if (make) mkdirSync(path, { recursive: true });
    return path;
  }
}

/** A whole file or none, also after a power failure. @throws DecoupleError output-exists; errors of the system */
export function writeDurably(path: string, text: string, replace: boolean): void {
  const temporary = temporaryPath(`${path}.${randomUUID().slice(0, 8)}`);
  const fd = openSync(temporary, 'wx');
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  publish(temporary, path, replace);
}

/** Makes a rename in the folder last. */
export function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function parseMarker(place: string, text: string): { version: number; id: string } {
  try {
    const { version, id } = JSON.parse(text) as { version: unknown; id: unknown };
    if (typeof version === 'number' && Number.isInteger(version) && typeof id === 'string') return { version, id };
  } catch (error) {
    throw unreadable(place, error);
  }
  throw unreadable(place, new Error('it lacks version or id'));
}

function unreadable(place: string, error: unknown): DecoupleError {
  const why = (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
  return new DecoupleError(
    'store-invalid',
    `The store ${place} cannot be used: its marker ${MARKER} cannot be read (${why}).`,
    'Check that it is a store and may be read; a copy of the marker of the same store mends it.',
    { cause: error },
  );
}
