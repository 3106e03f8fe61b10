import { readFileSync, existsSync } from 'node:fs';
import { DecoupleError } from '../../formats/errors.js';
import { pathInPackage, readSource } from '../source.js';
import type { FileSpec, InitramfsSpec } from '../spec.js';
import { nameOf, writeCpio, type CpioEntry } from './cpio.js';
import { moduleEntries } from './modules.js';

export interface InitramfsParts {
  /** Directory of unpacked files by package name. */
  packages: ReadonlyMap<string, string>;
  /** Compiled program by guest path. */
  programs: ReadonlyMap<string, string>;
  /** Directory of the unpacked kernel package, where there is one. */
  kernel: string | null;
}

/** The root file system as one uncompressed archive: unpacking costs the guest instructions, and disk space is cheap. */
export function buildInitramfs(spec: InitramfsSpec, parts: InitramfsParts): Buffer {
  const entries: CpioEntry[] = [
    ...spec.directories.map((each): CpioEntry => ({ kind: 'directory', ...each })),
    ...spec.links.map((each): CpioEntry => ({ kind: 'link', ...each })),
    ...spec.nodes.map((each): CpioEntry => ({ kind: 'node', ...each })),
    ...spec.files.map((each): CpioEntry => {
      const { path, mode } = each;
      return { kind: 'file', path, mode, data: fileContent(each, parts.packages) };
    }),
    ...[...parts.programs].map(([path, elf]): CpioEntry => {
      return { kind: 'file', path, mode: 0o755, data: readFileSync(elf) };
    }),
  ];
  // A file of the spec takes the place of a module, or of what tells of modules.
  const names = new Set(entries.map(nameOf));
  const modules = parts.kernel === null ? [] : moduleEntries(parts.kernel, spec.modules);
  return writeCpio([...entries, ...modules.filter((entry) => !names.has(nameOf(entry)))]);
}

function fileContent(file: FileSpec, packages: ReadonlyMap<string, string>): Buffer {
  if ('text' in file) return Buffer.from(file.text);
  const path = hostPath(file, packages);
  if (existsSync(path)) return readSource(path);
  const where = 'package' in file ? `Package ${file.package} has no file ${file.from}.` : `${path} does not exist.`;
  throw new DecoupleError('guest-build-failed', where, 'Correct the path in the guest spec.');
}

/** Where a file that is not written in the spec itself lies on this machine. */
export function hostPath(file: Exclude<FileSpec, { text: string }>, packages: ReadonlyMap<string, string>): string {
  return 'source' in file ? file.source : pathInPackage(packages, file.package, file.from);
}
