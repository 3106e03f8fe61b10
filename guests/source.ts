/** Where a file that goes into a guest comes from. */
import { join } from 'node:path';
import { readInput } from '../formats/input-file.js';
import { specError, type Fields } from './fields.js';

/** A file of a Debian package (`from`: its path there), or one of the user's own (absolute path). */
export type FileSource = { package: string; from: string } | { file: string };

/** A path (made absolute by `local`), or a mapping with `package` and `from`. */
export function parseFileSource(fields: Fields, name: string, local: (file: string) => string): FileSource {
  return fields.isMapping(name) ? parsePackageFile(fields.mapping(name)) : { file: local(fields.string(name)) };
}

/** Debian Policy, 5.6.1. */
export function packageName(fields: Fields): string {
  const name = fields.string('package');
  if (/^[a-z0-9][a-z0-9+.-]{1,99}$/.test(name)) return name;
  throw specError(fields.where, `needs "package", the name of a Debian package, not ${JSON.stringify(name)}`);
}

export function parsePackageFile(fields: Fields): { package: string; from: string } {
  const source = { package: packageName(fields), from: fields.guestPath('from') };
  fields.end();
  return source;
}

/** @param packages directory of unpacked files by package name */
export function pathInPackage(packages: ReadonlyMap<string, string>, name: string, from: string): string {
  return join(packages.get(name) ?? '', from);
}

export function pathOf(source: FileSource, packages: ReadonlyMap<string, string>): string {
  return 'file' in source ? source.file : pathInPackage(packages, source.package, source.from);
}

/** A kernel, an initramfs or a program has less. */
const SOURCE_BYTES = 1 << 30;

/**
 * The whole of a file that goes into a guest.
 * @throws DecoupleError file-missing, file-unreadable
 */
export function readSource(path: string): Buffer {
  return readInput(path, SOURCE_BYTES);
}
