/** The v86 npm package as we use it: its two files, unmodified, and a hash that names this very build. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export interface EnginePackage {
  name: 'v86';
  version: string;
  /** Source text of libv86.js. */
  source: string;
  /** The folder with both files. */
  folder: string;
  /** Bytes of v86.wasm. */
  wasm: Uint8Array;
  /** SHA-256 (hex) over both files. */
  hash: string;
}

let loaded: EnginePackage | null = null;

export function enginePackage(): EnginePackage {
  if (loaded !== null) return loaded;
  const main = createRequire(import.meta.url).resolve('v86');
  const build = dirname(main);
  const source = readFileSync(join(build, 'libv86.js'));
  const wasm = readFileSync(join(build, 'v86.wasm'));
  const manifest = JSON.parse(readFileSync(join(build, '..', 'package.json'), 'utf8')) as { version: string };
  loaded = {
    name: 'v86',
    version: manifest.version,
    folder: build,
    source: source.toString('utf8'),
    wasm,
    hash: createHash('sha256').update(source).update(wasm).digest('hex'),
  };
  return loaded;
}

/** The hash of the engine with repairs, as recordings have it: that of the package where there are none. */
export function engineHash(repairs: readonly string[]): string {
  const { hash } = enginePackage();
  if (repairs.length === 0) return hash;
  return createHash('sha256')
    .update([hash, ...repairs].join())
    .digest('hex');
}

/** What a recording says of the engine with these repairs. */
export function engineIdentity(repairs: readonly string[]): {
  name: string;
  version: string;
  hash: string;
  repairs: string[];
} {
  const { name, version } = enginePackage();
  return { name, version, hash: engineHash(repairs), repairs: [...repairs] };
}

/** SHA-256 (hex) over the engine and the code that instruments it: the same hash, the same instrumented engine. */
export function instrumentedHash(): string {
  const hash = createHash('sha256').update(enginePackage().hash);
  const parts = readdirSync(new URL('instrument/', import.meta.url)).filter((name) => name.endsWith('.js'));
  for (const file of ['layout.js', 'repairs/names.js', ...parts.sort().map((name) => `instrument/${name}`)]) {
    hash.update(readFileSync(new URL(file, import.meta.url)));
  }
  return hash.digest('hex');
}

let compiled: Promise<WebAssembly.Module> | null = null;

/** The engine as it is, without repairs, compiled once a process. */
export function engineModule(): Promise<WebAssembly.Module> {
  return (compiled ??= WebAssembly.compile(enginePackage().wasm as BufferSource));
}
