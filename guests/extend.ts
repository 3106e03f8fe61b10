/** What a spec makes of the one it extends: its own fields win, and its root file system comes on top of the other's. */
import { nameOf } from './assemble/cpio.js';
import { specError } from './fields.js';
import type { InitramfsSpec } from './spec.js';

/**
 * Entries of `own` are added to those of `base` that it does not leave out; one at the same path takes the place of the other.
 * Errors: `guest-invalid`.
 */
export function mergeInitramfs(
  base: InitramfsSpec | null,
  own: InitramfsSpec | null,
  spec: string,
): InitramfsSpec | null {
  if (own === null) return base;
  const names = namesOf(own, spec);
  const all = base ?? NOTHING;
  const without = leftOut(all, own.without, spec);
  const stays = (entry: Entry): boolean => !without.has(entry.path) && !names.has(nameOf(entry));
  return {
    files: [...all.files.filter(stays), ...own.files],
    programs: [...all.programs.filter(stays), ...own.programs],
    directories: [...all.directories.filter(stays), ...own.directories],
    links: [...all.links.filter(stays), ...own.links],
    nodes: [...all.nodes.filter(stays), ...own.nodes],
    modules: [...new Set([...all.modules.filter((name) => !without.has(name)), ...own.modules])],
    without: [],
  };
}

interface Entry {
  path: string;
}

const entriesOf = ({ files, programs, directories, links, nodes }: InitramfsSpec): Entry[] =>
  [files, programs, directories, links, nodes].flat();

const NOTHING: InitramfsSpec = {
  ...{ files: [], programs: [], directories: [], links: [], nodes: [], modules: [], without: [] },
};

/** Each is there once. */
function namesOf(own: InitramfsSpec, spec: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const name of entriesOf(own).map(nameOf)) {
    if (names.has(name)) throw specError(`${spec}: initramfs`, `has ${JSON.stringify(`/${name}`)} twice`);
    names.add(name);
  }
  return names;
}

/** @param names paths, and names of modules */
function leftOut(base: InitramfsSpec, names: readonly string[], spec: string): ReadonlySet<string> {
  const known = new Set([...entriesOf(base).map(({ path }) => path), ...base.modules]);
  const unknown = names.find((name) => !known.has(name));
  if (unknown === undefined) return new Set(names);
  const what = `leaves out ${JSON.stringify(unknown)}, which is not in what it extends`;
  throw specError(`${spec}: initramfs`, what);
}
