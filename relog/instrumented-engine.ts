/** The instrumented engine, made once and kept in the cache by the hash of what it was made from. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { enginePackage, instrumentedHash, type ObserverModules } from '../engines/v86/index.js';
import { writeWhole } from '../formats/output-file.js';

/**
 * @param stepping one that can also be watched instruction by instruction
 * @param cacheDir a folder that may be thrown away; by default one of the user's
 */
export function instrumentedEngine({ stepping = false } = {}, cacheDir = defaultCache()): Promise<ObserverModules> {
  const place = `${stepping ? 'stepping' : 'plain'} ${cacheDir}`;
  let modules = made.get(place);
  if (modules === undefined) {
    modules = make(stepping, cacheDir);
    made.set(place, modules);
    // What went wrong may be put right until it is asked for again.
    modules.catch(() => made.delete(place));
  }
  return modules;
}

/** Compiled once a process. */
const made = new Map<string, Promise<ObserverModules>>();

async function make(stepping: boolean, cacheDir: string): Promise<ObserverModules> {
  const engine = enginePackage();
  const key = instrumentedHash().slice(0, 32);
  const name = stepping ? 'stepping' : 'engine';
  const paths = { engine: join(cacheDir, `${key}.${name}.wasm`), wrapper: join(cacheDir, `${key}.wrapper.wasm`) };
  if (!existsSync(paths.engine) || !existsSync(paths.wrapper)) {
    // Loaded only when needed: binaryen takes half a second to start.
    const { instrument, jitWrapper } = await import('../engines/v86/instrument/index.js');
    mkdirSync(cacheDir, { recursive: true, mode: 0o700 });
    writeWhole(paths.wrapper, jitWrapper(), true);
    writeWhole(paths.engine, instrument(engine.wasm, { stepping }), true);
  }
  return {
    engine: await WebAssembly.compile(readFileSync(paths.engine)),
    wrapper: await WebAssembly.compile(readFileSync(paths.wrapper)),
  };
}

function defaultCache(): string {
  const base =
    process.env.XDG_CACHE_HOME ?? (process.env.HOME === undefined ? tmpdir() : join(process.env.HOME, '.cache'));
  return join(base, 'decouple', 'engine');
}
