/** Takes a directory of the host as it is now, to be part of a recording. Links are taken as links, never followed. */
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Stats } from 'node:fs';
import type { MachineDevices } from '../../formats/devices.js';
import { DecoupleError, inputError } from '../../formats/errors.js';
import { isFileName, SHARE_LIMITS, type Share, type ShareEntry } from '../../formats/share.js';
import type { ShareOptions, ShareSummary } from '../api.js';

/** A file's bytes; more than `limit`, of which none matters, when it is longer. */
export type ReadFile = (path: string, limit: number) => Uint8Array;

/** @throws DecoupleError file-missing, file-unreadable, usage */
export function scanShare(
  { directory, writable }: ShareOptions,
  guest: { name: string; devices: MachineDevices },
  read: ReadFile = readWithin,
): { share: Share; summary: ShareSummary } {
  if (!guest.devices.share) {
    throw new DecoupleError(
      'usage',
      `The guest ${guest.name} has no device for a share.`,
      'Choose another guest, or say `devices: { share: true }` in its spec.',
    );
  }
  let stats: Stats;
  try {
    stats = lstatSync(directory);
  } catch (error) {
    throw inputError(directory, error);
  }
  if (!stats.isDirectory()) {
    throw new DecoupleError(
      'usage',
      `${directory} is not a directory.`,
      'Give --share a directory, not a link to one.',
    );
  }
  return new Scan(directory, writable, read).done();
}

class Scan {
  private readonly entries: ShareEntry[] = [];
  private readonly contents: Uint8Array[] = [];
  private readonly places = new Map<string, number>();
  private readonly summary: ShareSummary = { files: 0, bytes: 0, skipped: [], unreadable: [] };

  constructor(
    private readonly root: string,
    private readonly writable: boolean,
    private readonly read: ReadFile,
  ) {
    let names: string[];
    try {
      names = readdirSync(root);
    } catch (error) {
      throw inputError(root, error);
    }
    this.directory('', names);
  }

  done(): { share: Share; summary: ShareSummary } {
    const { writable, entries, contents, summary } = this;
    return { share: { writable, entries, contents }, summary };
  }

  private directory(path: string, names: string[]): void {
    for (const name of [...names].sort()) this.entry(path === '' ? name : `${path}/${name}`, name);
  }

  private entry(path: string, name: string): void {
    // Bytes that are no UTF-8 come as U+FFFD, and no such file can be found again.
    if (name.includes('\ufffd') || !isFileName(name)) return void this.summary.skipped.push(path);
    if (this.entries.length >= SHARE_LIMITS.entries) throw tooLarge(this.root, `${SHARE_LIMITS.entries} files`);
    const host = join(this.root, path);
    let stats: Stats;
    try {
      stats = lstatSync(host);
    } catch {
      return this.unreadable(path, 0o644, 0);
    }
    const mode = stats.mode & 0o777;
    const mtime = Math.max(0, Math.floor(stats.mtimeMs / 1000));
    if (stats.isFile()) return this.file(path, host, mode, mtime);
    try {
      if (stats.isSymbolicLink()) {
        this.entries.push({ path, mode, mtime, kind: 'link', target: readlinkSync(host) });
      } else if (stats.isDirectory()) {
        const names = readdirSync(host);
        this.entries.push({ path, mode, mtime, kind: 'directory' });
        this.directory(path, names);
      } else this.summary.skipped.push(path);
    } catch (error) {
      if (error instanceof DecoupleError) throw error;
      this.unreadable(path, mode, mtime);
    }
  }

  private file(path: string, host: string, mode: number, mtime: number): void {
    let data: Uint8Array;
    try {
      data = this.read(host, SHARE_LIMITS.bytes - this.summary.bytes);
    } catch {
      return this.unreadable(path, mode, mtime);
    }
    if (data.length > SHARE_LIMITS.bytes - this.summary.bytes) {
      throw tooLarge(this.root, `${SHARE_LIMITS.bytes >> 20} MiB`);
    }
    this.summary.files++;
    this.summary.bytes += data.length;
    this.entries.push({ path, mode, mtime, kind: 'file', content: this.keep(data) });
  }

  private unreadable(path: string, mode: number, mtime: number): void {
    this.summary.unreadable.push(path);
    this.entries.push({ path, mode, mtime, kind: 'file', content: null });
  }

  private keep(data: Uint8Array): number {
    const hash = createHash('sha256').update(data).digest('hex');
    let place = this.places.get(hash);
    if (place === undefined) {
      place = this.contents.push(data) - 1;
      this.places.set(hash, place);
    }
    return place;
  }
}

/** Refuses what has become a link, or anything else that is no file. */
function readWithin(path: string, limit: number): Uint8Array {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new Error('it is no longer a file');
    return stats.size > limit ? new Uint8Array(limit + 1) : readFileSync(file);
  } finally {
    closeSync(file);
  }
}

function tooLarge(directory: string, limit: string): DecoupleError {
  return new DecoupleError(
    'usage',
    `${directory} holds more than ${limit}, which is what a share may hold.`,
    'Share a directory with what the guest needs alone.',
  );
}
