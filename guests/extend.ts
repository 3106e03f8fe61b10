/** What a spec makes of the one it extends: its own fields win, and its root file system comes on top of the other's. */
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
  const kept = without(base, own.without, spec);
  return {
    files: byPath(kept.files, own.files),
    programs: byPath(kept.programs, own.programs),
    directories: byPath(kept.directories, own.directories),
    links: byPath(kept.links, own.links),
    nodes: byPath(kept.nodes, own.nodes),
    modules: [...new Set([...kept.modules, ...own.modules])],
    without: [],
  };
}

const NOTHING: InitramfsSpec = {
  ...{ files: [], programs: [], directories: [], links: [], nodes: [], modules: [], without: [] },
};

/** @param names paths, and names of modules */
function without(base: InitramfsSpec | null, names: readonly string[], spec: string): InitramfsSpec {
  const all = base ?? NOTHING;
  const entries = [all.files, all.programs, all.directories, all.links, all.nodes].flat();
  const known = new Set([...entries.map(({ path }) => path), ...all.modules]);
  const unknown = names.find((name) => !known.has(name));
  if (unknown !== undefined) {
    const what = `leaves out ${JSON.stringify(unknown)}, which is not in what it extends`;
    throw specError(`${spec}: initramfs`, what);
  }
  const stays = ({ path }: { path: string }): boolean => !names.includes(path);
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

function byPath<T extends { path: string }>(base: readonly T[], own: readonly T[]): T[] {
  return [...new Map([...base, ...own].map((entry) => [entry.path, entry])).values()];
}
