/** What a spec makes of the one it extends: its own fields win, and its root file system comes on top of the other's. */
import type { InitramfsSpec } from './spec.js';

/** Entries of `own` are added to those of `base`; one at the same path takes the place of the other. */
export function mergeInitramfs(base: InitramfsSpec | null, own: InitramfsSpec | null): InitramfsSpec | null {
  if (base === null || own === null) return own ?? base;
  return {
    files: byPath(base.files, own.files),
    programs: byPath(base.programs, own.programs),
    directories: byPath(base.directories, own.directories),
    links: byPath(base.links, own.links),
    nodes: byPath(base.nodes, own.nodes),
    modules: [...new Set([...base.modules, ...own.modules])],
  };
}

function byPath<T extends { path: string }>(base: readonly T[], own: readonly T[]): T[] {
  return [...new Map([...base, ...own].map((entry) => [entry.path, entry])).values()];
}
