/** Watches over what a process writes: outside of one folder, nothing. What reads is left alone. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { resolve, sep } from 'node:path';

type Call = (...args: unknown[]) => unknown;

/** Functions of node:fs by the arguments that are paths which they change. */
const CHANGING: Record<string, number[]> = {
  ...{ appendFileSync: [0], chmodSync: [0], chownSync: [0], copyFileSync: [1], cpSync: [1], createWriteStream: [0] },
  ...{ linkSync: [1], lutimesSync: [0], mkdirSync: [0], mkdtempSync: [0], renameSync: [0, 1], rmdirSync: [0] },
  ...{ rmSync: [0], symlinkSync: [1], truncateSync: [0], unlinkSync: [0], utimesSync: [0], writeFileSync: [0] },
};

/** @param outside gets what was to be written elsewhere, before an error is thrown where that was tried */
export function guard(folder: string, outside: (what: string) => void): void {
  const inside = (path: unknown): boolean => {
    const place = resolve(path instanceof URL ? path.pathname : String(path));
    return place === folder || place.startsWith(folder + sep);
  };
  const refuse = (name: string, path: unknown): never => {
    const what = `${name} ${String(path)}`;
    outside(what);
    throw new Error(`outside of ${folder}: ${what}`);
  };
  const functions = fs as unknown as Record<string, Call>;
  const wrap = (table: Record<string, Call>, name: string, paths: number[]): void => {
    const original = table[name];
    if (original === undefined) return;
    table[name] = (...args) => {
      for (const i of paths) if (typeof args[i] !== 'number' && !inside(args[i])) refuse(name, args[i]);
      return original.apply(table, args);
    };
  };
  for (const [name, paths] of Object.entries(CHANGING)) {
    wrap(functions, name, paths);
    const asynchronous = name.replace(/Sync$/, '');
    if (asynchronous !== name) {
      wrap(functions, asynchronous, paths);
      wrap(fs.promises as unknown as Record<string, Call>, asynchronous, paths);
    }
  }
  for (const [table, name] of [
    [functions, 'openSync'],
    [functions, 'open'],
    [fs.promises as unknown as Record<string, Call>, 'open'],
  ] as const) {
    const original = table[name]!;
    table[name] = (path, flags = 'r', ...rest) => {
      if (!onlyReads(flags) && !inside(path)) refuse(name, path);
      return original.call(table, path, flags, ...rest);
    };
  }
  syncBuiltinESMExports();
}

/** @param flags as `open` takes them; a function where there are none */
function onlyReads(flags: unknown): boolean {
  const { O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND } = fs.constants;
  if (typeof flags === 'number') return (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND)) === 0;
  return flags === 'r' || flags === 'rs' || typeof flags === 'function';
}
