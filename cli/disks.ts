/** The option `--disk drive=path`: which image a drive gets, or where a base image is now. */
import type { Argv } from 'yargs';
import { DRIVES, type DriveName } from '../formats/disks.js';
import { DecoupleError } from '../formats/errors.js';

export interface DiskOption {
  disk: string[];
}

export function withDisks<T>(yargs: Argv<T>, describe: string): Argv<T & DiskOption> {
  return yargs.option('disk', { type: 'string', array: true, nargs: 1, default: [] as string[], describe });
}

/** @throws DecoupleError usage */
export function parseDisks(values: readonly string[]): Partial<Record<DriveName, string>> {
  const disks: Partial<Record<DriveName, string>> = {};
  for (const value of values) {
    const [name = '', ...rest] = value.split('=');
    const path = rest.join('=');
    if (path === '') throw unclear(value);
    const drive = parseDrive(name);
    if (disks[drive] !== undefined) {
      throw new DecoupleError('usage', `--disk says twice what ${drive} is.`, 'Say it once.');
    }
    disks[drive] = path;
  }
  return disks;
}

/** @throws DecoupleError usage */
export function parseDrive(name: string): DriveName {
  const drive = DRIVES.find((each) => each === name);
  if (drive !== undefined) return drive;
  throw new DecoupleError('usage', `There is no drive "${name}".`, `Drives are ${DRIVES.join(', ')}.`);
}

function unclear(value: string): DecoupleError {
  return new DecoupleError('usage', `--disk ${value} names no image.`, 'Write it as --disk hda=PATH.');
}
