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
  const names = entriesOf(own).map(nameOf);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw specError(`${spec}: initramfs`, `has ${JSON.stringify(`/${twice}`)} twice`);
  const stays = (entry: Entry): boolean => !names.includes(nameOf(entry));
  const kept = without(base, own.without, spec);
  return {
    files: [...kept.files.filter(stays), ...own.files],
    programs: [...kept.programs.filter(stays), ...own.programs],
    directories: [...kept.directories.filter(stays), ...own.directories],
    links: [...kept.links.filter(stays), ...own.links],
    nodes: [...kept.nodes.filter(stays), ...own.nodes],
    modules: [...new Set([...kept.modules, ...own.modules])],
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

/** @param names paths, and names of modules */
function without(base: InitramfsSpec | null, names: readonly string[], spec: string): InitramfsSpec {
  const all = base ?? NOTHING;
  const known = new Set([...entriesOf(all).map(({ path }) => path), ...all.modules]);
  const unknown = names.find((name) => !known.has(name));
  if (unknown !== undefined) {
    const what = `leaves out ${JSON.stringify(unknown)}, which is not in what it extends`;
    throw specError(`${spec}: initramfs`, what);
  }
  const stays = ({ path }: Entry): boolean => !names.includes(path);
  return {
    files: all.files.filter(stays),
    programs: all.programs.filter(stays),
    directories: all.directories.filter(stays),
    links: all.links.filter(stays),
    nodes: all.nodes.filter(stays),
    modules: all.modules.filter((name) => !names.includes(name)),
    without: [],
  };
}
