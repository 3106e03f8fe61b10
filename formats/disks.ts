/** Disks of a machine as recordings name them: drives, base images, and what was written over them. */
import { encode } from './cbor.js';
import type { ContainerWriter } from './container/index.js';
import { Overlay, SECTOR_BYTES, type OverlayRun } from './overlay.js';
import { bytes, list, record, ShapeError, text, uint } from './shape.js';

/** Drives in the order of their numbers in files. */
export const DRIVES = ['hda', 'hdb', 'cdrom', 'fda'] as const;
export type DriveName = (typeof DRIVES)[number];

/** What an engine can address: 2^31 sectors. */
export const MAX_DISK_BYTES = 2 ** 40;

/** A base image that is not in the recording itself. */
export interface DiskReference {
  /** Bytes. */
  size: number;
  /** Of the whole image, hex. */
  sha256: string;
  /** Where it was when the recording was made; only a hint. */
  path: string;
}

export type DiskReferences = Partial<Record<DriveName, DiskReference>>;

/** Whether an overlay is what the run starts from, or what it left behind. */
export type OverlayMoment = 'start' | 'end';

export type Overlays = Partial<Record<DriveName, Overlay>>;

const RUN_BYTES = 1 << 20;
/** Runs are gathered into frames of about this size. */
const FRAME_BYTES = 4 << 20;

/** Bytes of one sector of the drive. */
export function sectorBytes(drive: DriveName): number {
  return drive === 'cdrom' ? 2048 : SECTOR_BYTES;
}

/** Frames of `kind`, one at least, so that an overlay that is empty can be told from one that is missing. */
export function writeOverlay(
  writer: ContainerWriter,
  kind: number,
  drive: DriveName,
  moment: OverlayMoment,
  overlay: Overlay,
  reach = 0n,
): void {
  let runs: [number, Uint8Array][] = [];
  let size = 0;
  const flush = (last: boolean): void => {
    writer.contents(kind, encode({ drive, moment, runs, last }), reach);
    runs = [];
    size = 0;
  };
  for (const { sector, data } of overlay.runs(RUN_BYTES)) {
    if (size >= FRAME_BYTES) flush(false);
    runs.push([sector, data]);
    size += data.length;
  }
  flush(true);
}

/** Puts overlays together from their frames. */
export class OverlayReader {
  private readonly overlays = { start: new Map<DriveName, Overlay>(), end: new Map<DriveName, Overlay>() };
  private readonly complete = { start: new Set<DriveName>(), end: new Set<DriveName>() };

  /** @throws ShapeError */
  take(value: unknown): void {
    const map = record(value, 'an overlay');
    const drive = driveOf(map.drive);
    const moment = text(map.moment, 'overlay.moment');
    if (moment !== 'start' && moment !== 'end') throw new ShapeError('overlay.moment is neither start nor end');
    let overlay = this.overlays[moment].get(drive);
    if (overlay === undefined) this.overlays[moment].set(drive, (overlay = new Overlay()));
    for (const { sector, data } of list(map.runs, 'overlay.runs', runOf)) overlay.write(sector, data);
    if (map.last === true) this.complete[moment].add(drive);
  }

  /** The overlay of a drive, or null when the file lacks it or a part of it. */
  get(drive: DriveName, moment: OverlayMoment): Overlay | null {
    return this.complete[moment].has(drive) ? (this.overlays[moment].get(drive) ?? null) : null;
  }
}

/** @throws ShapeError */
export function diskReferencesOf(value: unknown): DiskReferences {
  const map = record(value, 'disks');
  const references: DiskReferences = {};
  for (const [name, item] of Object.entries(map)) {
    const { size, sha256, path } = record(item, `disks.${name}`);
    const hash = text(sha256, `disks.${name}.sha256`);
    if (!/^[0-9a-f]{64}$/.test(hash)) throw new ShapeError(`disks.${name}.sha256 is no SHA-256`);
    references[driveOf(name)] = {
      size: uint(size, `disks.${name}.size`, MAX_DISK_BYTES),
      sha256: hash,
      path: pathOf(path, `disks.${name}.path`),
    };
  }
  return references;
}

function pathOf(value: unknown, what: string): string {
  const path = text(value, what);
  if (path === '' || path.includes('\0')) throw new ShapeError(`${what} is no path`);
  return path;
}

function driveOf(value: unknown): DriveName {
  const drive = DRIVES.find((each) => each === value);
  if (drive === undefined) throw new ShapeError('there is no such drive');
  return drive;
}

function runOf(value: unknown, what: string): OverlayRun {
  const [sector, data] = list(value, what, (item) => item, 2);
  const content = bytes(data, what);
  if (content.length === 0 || content.length % SECTOR_BYTES !== 0) throw new ShapeError(`${what} has half a sector`);
  return { sector: uint(sector, what, MAX_DISK_BYTES / SECTOR_BYTES), data: content };
}
