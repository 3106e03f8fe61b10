/** The stage `disk`: applies what a run left on a drive to an image. Runs the recording again if it does not say. */
import {
  closeSync,
  copyFileSync,
  constants,
  fsyncSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { ContainerReader, refuseStandardInput } from '../../formats/container/index.js';
import type { DriveName } from '../../formats/disks.js';
import { DecoupleError, asOutputError, hasSystemCode, outputError } from '../../formats/errors.js';
import { SECTOR_BYTES, type Overlay } from '../../formats/overlay.js';
import { checkOutput, publish, temporaryPath } from '../../formats/publish.js';
import { readLog, readStart, type RecordingStart } from '../../formats/recording.js';
import type { StageOptions } from '../api.js';
import { Replayer } from '../replayer.js';
import { recordedInstructions } from '../run-length.js';
import { throttled } from '../throttle.js';
import { lookAt } from './host-image.js';
import { openBase, type DiskPaths } from './recorded-disks.js';

export interface OverlayOptions extends StageOptions {
  input: string;
  drive: DriveName;
  disks: DiskPaths;
  /** A new file of base image and overlay (`force`: replaces an existing one), or the copy of the base to change. */
  output: string;
  inPlace: boolean;
  force: boolean;
}

export interface OverlayResult {
  drive: DriveName;
  output: string;
  /** Bytes of the image. */
  bytes: number;
  /** Bytes of it that the guest wrote. */
  written: number;
  /** The recording was run again to know what was written. */
  replayed: boolean;
}

/** @throws DecoupleError usage, disk-…, output-exists, write-failed, and what replaying throws */
export async function overlayHere(options: OverlayOptions): Promise<OverlayResult> {
  const { input, drive, output } = options;
  refuseStandardInput(input);
  if (!options.inPlace) checkOutput(output, options.force);
  const { start, recorded } = readOverlay(input, drive);
  const reference = start.header.disks[drive];
  if (options.inPlace) await checkCopy(options, start);
  const overlay = recorded ?? (await replayedOverlay(options));
  let bytes: number;
  if (options.inPlace) {
    bytes = statSync(output).size;
    writeOver(output, overlay);
  } else {
    const scratch = temporaryPath(output);
    try {
      if (reference === undefined) writeFileSync(scratch, start.blobs.get(drive as 'fda')!, { flag: 'wx' });
      else {
        const base = await openBase(input, drive, reference, options.disks[drive] ?? null);
        copyFileSync(base.path, scratch, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
        // Throws when it was changed meanwhile.
        base.readable();
        base.close();
      }
      writeOver(scratch, overlay);
      bytes = statSync(scratch).size;
      publish(scratch, output, options.force);
    } catch (error) {
      rmSync(scratch, { force: true });
      throw asOutputError(output, error);
    }
  }
  const written = overlay.sectors * SECTOR_BYTES;
  return { drive, output, bytes, written, replayed: recorded === null };
}

/** @throws DecoupleError usage, when there is no such drive */
export function readOverlay(input: string, drive: DriveName): { start: RecordingStart; recorded: Overlay | null } {
  const reader = new ContainerReader(input, 'recording');
  try {
    const start = readStart(reader);
    if (start.header.disks[drive] === undefined && !(drive === 'fda' && start.blobs.has('fda'))) {
      const advice = 'See `decouple disk list` for the drives it has.';
      throw new DecoupleError('usage', `${input} has no disk in ${drive}.`, advice);
    }
    if (start.first !== null) while (readLog(reader, start.overlays) !== null) continue;
    return { start, recorded: reader.cutOff ? null : start.overlays.get(drive, 'end') };
  } finally {
    reader.close();
  }
}

async function replayedOverlay(options: OverlayOptions): Promise<Overlay> {
  const tell = throttled(options.onProgress, () => recordedInstructions(options.input));
  const replayer = await Replayer.open(options.input, {
    disks: options.disks,
    onBreath: (machine) => tell({ instructions: machine.engineInstructions, bytes: 0 }),
    signal: options.signal,
  });
  try {
    await replayer.toEnd();
    return replayer.disks.find(({ drive }) => drive === options.drive)!.overlay;
  } finally {
    replayer.close();
  }
}

/** Only a copy of the very base image is changed, and never the one that the recording needs. */
async function checkCopy({ input, drive, output, disks }: OverlayOptions, { header }: RecordingStart): Promise<void> {
  const reference = header.disks[drive];
  if (reference === undefined) {
    const advice = 'Use `decouple disk export`.';
    throw new DecoupleError('usage', `The base image of ${drive} is in ${input} itself.`, advice);
  }
  const target = statSync(output, { throwIfNoEntry: false });
  for (const path of [reference.path, disks[drive] ?? reference.path]) {
    const base = lookAt(path);
    if (base === null || target === undefined || base.ino !== target.ino || base.dev !== target.dev) continue;
    throw new DecoupleError(
      'usage',
      `${output} is the base image that ${input} needs to be replayed.`,
      'Copy it and commit to the copy, or use `decouple disk export`.',
    );
  }
  try {
    (await openBase(input, drive, reference, output)).close();
  } catch (error) {
    if (!(error instanceof DecoupleError) || error.code !== 'disk-differs') throw error;
    const advice = `Give a fresh copy of ${reference.path}.`;
    throw new DecoupleError('disk-differs', error.message, advice, { cause: error });
  }
}

function writeOver(path: string, overlay: Overlay): void {
  let fd: number | null = null;
  try {
    fd = openSync(path, 'r+');
    for (const { sector, data } of overlay.runs()) {
      for (let done = 0; done < data.length;) {
        done += writeSync(fd, data, done, data.length - done, sector * SECTOR_BYTES + done);
      }
    }
    fsyncSync(fd);
  } catch (error) {
    if (hasSystemCode(error, 'ENOENT')) throw new DecoupleError('file-missing', `${path} does not exist.`, 'Check it.');
    throw outputError(path, error);
  } finally {
    if (fd !== null) closeSync(fd);
  }
}
