/** What a stage reads and writes on this computer: all that its process is let see. */
import { closeSync, existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { REPAIR_IDS } from '../../engines/v86/repairs/index.js';
import { ContainerReader, isStandardInput } from '../../formats/container/index.js';
import { DRIVES } from '../../formats/disks.js';
import { DecoupleError } from '../../formats/errors.js';
import { openInput } from '../../formats/input-file.js';
import { readRecordingHeader } from '../../formats/recording.js';
import { StoreFolder, storePlaces } from '../../formats/store/index.js';
import type { GuestImage } from '../../guests/image.js';
import type { RecordOptions, StageOptions } from '../api.js';
import { lookAt } from '../disks/host-image.js';
import { checkSize } from '../disks/look-at-base.js';
import type { DiskPaths } from '../disks/recorded-disks.js';
import { refuseExistingDirectory } from '../share/write-back.js';

export interface Output {
  path: string;
  /** `growing`: under its name from the beginning. `folder`: files go into it beside those that are there. */
  kind: 'file' | 'growing' | 'folder' | 'new folder';
  force: boolean;
}

export interface Reach {
  /** Files and folders to be read, absolute. */
  read: string[];
  /** Files and folders to be written to where they are. */
  write: string[];
  outputs: Output[];
  network: boolean;
  /** What is read comes through a pipe, and may name files that only its reader knows of. */
  everything: boolean;
  /** Ids of repairs of the engine that is used. */
  repairs: readonly string[] | null;
}

/** Options of all stages, as far as they name something. */
export interface NamingOptions extends StageOptions {
  input?: string;
  relog?: string;
  recording?: string | null;
  disks?: DiskPaths;
  inPlace?: boolean;
  output?: string | null;
  outputDir?: string;
  force?: boolean;
  store?: string | null | undefined;
  guest?: GuestImage;
  share?: RecordOptions['share'];
  network?: RecordOptions['network'];
  cacheDir?: string;
  level?: RecordOptions['level'];
  programs?: readonly { elf: string }[];
}

/** @throws DecoupleError file-missing, file-unreadable, write-failed, output-exists */
export function reachOf(options: NamingOptions): Reach {
  const reach: Reach = {
    ...{ read: [], write: [], outputs: outputsOf(options) },
    network: (options.network ?? null) !== null,
    everything: false,
    repairs: null,
  };
  const inputs = [options.input, options.relog, options.recording].filter((path) => typeof path === 'string');
  for (const input of inputs) readContainer(reach, input, options.disks ?? {});
  for (const { elf } of options.programs ?? []) readFile(reach, elf);
  if (options.guest !== undefined) {
    readGuest(reach, options.guest);
    reach.repairs = REPAIR_IDS;
  }
  // One that is not there is missed by the stage.
  if (options.share && existsSync(options.share.directory)) reach.read.push(resolve(options.share.directory));
  if (options.inPlace === true) {
    refuseUnreadable(options.output!);
    reach.write.push(resolve(options.output!));
  }
  if (options.store) {
    StoreFolder.openOrCreate(options.store);
    reach.write.push(resolve(options.store));
  }
  if (options.cacheDir !== undefined) {
    const snapshots = join(resolve(options.cacheDir), 'snapshots');
    mkdirSync(snapshots, { recursive: true });
    reach.write.push(snapshots);
  }
  return reach;
}

function outputsOf({ output, outputDir, inPlace, force = false, guest, share }: NamingOptions): Output[] {
  const outputs: Output[] = [];
  const kind = guest === undefined ? 'file' : 'growing';
  if (typeof output === 'string' && inPlace !== true) outputs.push({ path: resolve(output), kind, force });
  if (outputDir !== undefined) outputs.push({ path: resolve(outputDir), kind: 'folder', force });
  if (share?.output) {
    refuseExistingDirectory(share.output);
    outputs.push({ path: resolve(share.output), kind: 'new folder', force: false });
  }
  return outputs;
}

/** Says of what cannot be read what its reader would, who sees less. */
const refuseUnreadable = (path: string): void => closeSync(openInput(path).fd);

function readFile(reach: Reach, path: string): void {
  refuseUnreadable(path);
  reach.read.push(resolve(path));
}

function readContainer(reach: Reach, path: string, given: DiskPaths): void {
  if (isStandardInput(path)) {
    reach.everything = true;
    return;
  }
  readFile(reach, path);
  let reader: ContainerReader | null = null;
  try {
    reader = new ContainerReader(path, undefined, false);
    const { kind } = reader;
    const header = kind === 'recording' ? readRecordingHeader(reader) : (reader.next(), null);
    for (const drive of DRIVES) {
      const reference = header?.disks[drive];
      if (reference === undefined) continue;
      const base = given[drive] ?? reference.path;
      checkSize(path, drive, reference, base);
      reach.read.push(resolve(base));
      // `disk commit` sees to it that this one is not changed.
      if (isFileOf(reference.path, reference.size)) reach.read.push(resolve(reference.path));
    }
    if (header !== null) reach.repairs = header.engine.repairs;
    reach.read.push(
      ...storePlaces(path, reader.storeHint())
        .filter(isStore)
        .map((each) => resolve(each)),
    );
  } catch (error) {
    if (!(error instanceof DecoupleError) || error.code.startsWith('disk-')) throw error;
    // Whoever reads it next finds the same, and says so.
  } finally {
    reader?.close();
  }
}

function isStore(path: string): boolean {
  try {
    StoreFolder.open(path);
    return true;
  } catch {
    return false;
  }
}

/** A recording may name any file; one that is no image of its disk is not shown. */
function isFileOf(path: string, size: number): boolean {
  try {
    const stats = lookAt(path);
    return stats !== null && stats.isFile() && stats.size === size;
  } catch {
    return false;
  }
}

function readGuest(reach: Reach, { firmware, boot, disks }: GuestImage): void {
  const files = [firmware.bios, firmware.vgaBios, ...Object.values(disks).map(({ path }) => path)];
  if (boot.kind === 'multiboot') files.push(boot.image);
  if (boot.kind === 'bzimage') files.push(boot.kernel, ...(boot.initrd === null ? [] : [boot.initrd]));
  reach.read.push(...files.filter((path) => existsSync(path)).map((path) => resolve(path)));
}
