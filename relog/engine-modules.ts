/** The engine with repairs, and instrumented: made once, and kept in the cache by the hash of what it was made from. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  engineModule,
  enginePackage,
  instrumentedHash,
  repairedHash,
  type ObserverModules,
} from '../engines/v86/index.js';
import { writeWhole } from '../formats/output-file.js';

type Kind = 'plain' | 'instrumented' | 'stepping';

/**
 * The engine that records and replays.
 * @param repairs ids of the table of repairs (engines/v86/repairs/table.ts)
 * @param cacheDir a folder that may be thrown away; by default one of the user's
 */
export function repairedEngine(repairs: readonly string[], cacheDir = defaultCache()): Promise<WebAssembly.Module> {
  return repairs.length === 0 ? engineModule() : compiled('plain', repairs, cacheDir);
}

/** @param stepping one that can also be watched instruction by instruction */
export async function instrumentedEngine(
  repairs: readonly string[],
  { stepping = false } = {},
  cacheDir = defaultCache(),
): Promise<ObserverModules> {
  const [engine, wrapper] = await Promise.all([
    compiled(stepping ? 'stepping' : 'instrumented', repairs, cacheDir),
    once(join(cacheDir, `${instrumentedHash().slice(0, 32)}.wrapper.wasm`), async () =>
      (await import('../engines/v86/instrument/index.js')).jitWrapper(),
    ),
  ]);
  return { engine, wrapper };
}

function compiled(kind: Kind, repairs: readonly string[], cacheDir: string): Promise<WebAssembly.Module> {
  const key = [
    ...(kind === 'plain' ? [] : [instrumentedHash().slice(0, 32)]),
    ...(repairs.length === 0 ? [] : [repairedHash(repairs).slice(0, 32)]),
  ];
  return once(join(cacheDir, `${key.join('-')}.${kind}.wasm`), () => make(kind, repairs));
}

/** Compiled once a process. */
const made = new Map<string, Promise<WebAssembly.Module>>();

function once(path: string, bytes: () => Promise<Uint8Array>): Promise<WebAssembly.Module> {
  let module = made.get(path);
  if (module === undefined) {
    module = load(path, bytes);
    made.set(path, module);
    // What went wrong may be put right until it is asked for again.
    module.catch(() => made.delete(path));
  }
  return module;
}

async function load(path: string, bytes: () => Promise<Uint8Array>): Promise<WebAssembly.Module> {
  if (!existsSync(path)) {
    mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
    writeWhole(path, await bytes(), true);
  }
  return WebAssembly.compile(readFileSync(path));
}

async function make(kind: Kind, repairs: readonly string[]): Promise<Uint8Array> {
  // Loaded only when needed: binaryen takes half a second to start.
  const wasm =
    repairs.length === 0
      ? enginePackage().wasm
      : await (await import('../engines/v86/repairs/repair.js')).repair(repairs);
  if (kind === 'plain') return wasm;
  const { instrument } = await import('../engines/v86/instrument/index.js');
  return instrument(wasm, { stepping: kind === 'stepping' });
}

function defaultCache(): string {
  const base =
    process.env.XDG_CACHE_HOME ?? (process.env.HOME === undefined ? tmpdir() : join(process.env.HOME, '.cache'));
  return join(base, 'decouple', 'engine');
}
