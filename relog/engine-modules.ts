/** The engine with repairs, and instrumented: made once, and kept in the cache by the hash of what it was made from. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ObserverModules } from '../engines/v86/index.js';
// Not by way of the index, which loads what decodes instructions, too, and that takes most of a second.
import { engineModule, enginePackage, instrumentedHash } from '../engines/v86/package.js';
import { repairedHash } from '../engines/v86/repairs/index.js';
import { DecoupleError, hasSystemCode } from '../formats/errors.js';
import { writeWhole } from '../formats/output-file.js';

export type EngineKind = 'plain' | 'instrumented' | 'stepping';

/** A compiled module in the cache, and what it is made by. */
interface Cached {
  path: string;
  make: () => Promise<Uint8Array>;
}

/**
 * The engine that records and replays.
 * @param repairs ids of the table of repairs (engines/v86/repairs/table.ts)
 * @param cacheDir a folder that may be thrown away; by default one of the user's
 */
export function repairedEngine(repairs: readonly string[], cacheDir = engineCache()): Promise<WebAssembly.Module> {
  return repairs.length === 0 ? engineModule() : once(engineOf('plain', repairs, cacheDir));
}

/** @param stepping one that can also be watched instruction by instruction */
export async function instrumentedEngine(
  repairs: readonly string[],
  { stepping = false } = {},
  cacheDir = engineCache(),
): Promise<ObserverModules> {
  const [engine, wrapper] = await Promise.all([
    once(engineOf(stepping ? 'stepping' : 'instrumented', repairs, cacheDir)),
    once(wrapperIn(cacheDir)),
  ]);
  return { engine, wrapper };
}

/** Puts into the cache what a process will need that may not write there. */
export async function prepareEngines(kinds: readonly EngineKind[], repairs: readonly string[]): Promise<void> {
  const cacheDir = engineCache();
  const needed = kinds
    .filter((kind) => kind !== 'plain' || repairs.length > 0)
    .map((kind) => engineOf(kind, repairs, cacheDir));
  if (kinds.some((kind) => kind !== 'plain')) needed.push(wrapperIn(cacheDir));
  for (const { path, make } of needed) if (!existsSync(path)) keep(path, await make());
}

function engineOf(kind: EngineKind, repairs: readonly string[], cacheDir: string): Cached {
  const key = [
    ...(kind === 'plain' ? [] : [instrumentedHash().slice(0, 32)]),
    ...(repairs.length === 0 ? [] : [repairedHash(repairs).slice(0, 32)]),
  ];
  return { path: join(cacheDir, `${key.join('-')}.${kind}.wasm`), make: () => make(kind, repairs) };
}

function wrapperIn(cacheDir: string): Cached {
  const path = join(cacheDir, `${instrumentedHash().slice(0, 32)}.wrapper.wasm`);
  return { path, make: async () => (await import('../engines/v86/instrument/index.js')).jitWrapper() };
}

/** Compiled once a process. */
const made = new Map<string, Promise<WebAssembly.Module>>();

function once(cached: Cached): Promise<WebAssembly.Module> {
  let module = made.get(cached.path);
  if (module === undefined) {
    module = load(cached);
    made.set(cached.path, module);
    // What went wrong may be put right until it is asked for again.
    module.catch(() => made.delete(cached.path));
  }
  return module;
}

async function load({ path, make }: Cached): Promise<WebAssembly.Module> {
  if (existsSync(path)) return WebAssembly.compile(readFileSync(path));
  const bytes = await make();
  keep(path, bytes);
  return WebAssembly.compile(bytes as BufferSource);
}

/** Where it cannot be kept it is made again. */
function keep(path: string, bytes: Uint8Array): void {
  try {
    mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
    writeWhole(path, bytes, true);
  } catch (error) {
    if (!(error instanceof DecoupleError) && !hasSystemCode(error)) throw error;
  }
}

async function make(kind: EngineKind, repairs: readonly string[]): Promise<Uint8Array> {
  // Loaded only when needed: binaryen takes half a second to start.
  const wasm =
    repairs.length === 0
      ? enginePackage().wasm
      : await (await import('../engines/v86/repairs/repair.js')).repair(repairs);
  if (kind === 'plain') return wasm;
  const { instrument } = await import('../engines/v86/instrument/index.js');
  return instrument(wasm, { stepping: kind === 'stepping' });
}

/** Where compiled engines are kept. */
export function engineCache(): string {
  const base =
    process.env.XDG_CACHE_HOME ?? (process.env.HOME === undefined ? tmpdir() : join(process.env.HOME, '.cache'));
  return join(base, 'decouple', 'engine');
}
