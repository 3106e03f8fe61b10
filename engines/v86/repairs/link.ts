/**
 * Puts the functions that repairs bring into one module with v86.wasm. None of them runs until `repair` puts it in the
 * place of one of the engine's own. Run when the project is built: `node dist/engines/v86/repairs/link.js`.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import binaryen from 'binaryen';
import { execa } from 'execa';
import { enginePackage } from '../package.js';
import { functionNamed, functionNames, ORIGINAL } from './names.js';
import { LINKED, REPAIRS } from './index.js';

/** The module that the assembly imports from. */
const ENGINE = 'v86';
/** What binaryen calls the first memory that a module imports. */
const IMPORTED_MEMORY = 'mimport$0';

/** What both are made of. (With all features on, binaryen writes imports in a way that Node 20 does not read.) */
const FEATURES = [
  ...['mutable-globals', 'nontrapping-float-to-int', 'sign-ext', 'bulk-memory', 'multivalue', 'reference-types'],
].map((feature) => `--enable-${feature}`);

const require = createRequire(import.meta.url);
const program = (name: string, path: string): string => join(dirname(require.resolve(`${name}/package.json`)), path);

/** @param root the project's folder @throws Error where sources do not compile, or name what the engine has not */
export async function link(root: string): Promise<void> {
  // Else names of functions are not written.
  binaryen.setDebugInfo(true);
  const folder = mkdtempSync(join(tmpdir(), 'decouple-link-'));
  try {
    const [assembly, engine, linked] = ['repairs.wasm', 'v86.wasm', 'linked.wasm'].map((name) =>
      join(folder, name),
    ) as [string, string, string];
    const source = join(root, 'engines', 'v86', 'repairs', 'assembly', 'index.ts');
    const options = ['--runtime', 'stub', '--importMemory', '--noExportMemory', '-O3', '--debug'];
    await execa('node', [program('assemblyscript', 'bin/asc.js'), source, '-o', assembly, ...options]);
    const before = writeEngine(engine, withMemoryOf(assembly));
    const inputs = [engine, ENGINE, assembly, 'repairs'];
    await execa('node', [program('binaryen', 'bin/wasm-merge'), ...inputs, '-o', linked, '-g', ...FEATURES]);
    writeFileSync(LINKED, tidied(readFileSync(linked), before));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Makes the assembly take the engine's memory. Returns what else it asks of the engine. */
function withMemoryOf(assembly: string): WebAssembly.ModuleImportDescriptor[] {
  return changed(readFileSync(assembly), (module) => {
    module.addMemoryImport(IMPORTED_MEMORY, ENGINE, 'memory');
    const bytes = module.emitBinary();
    writeFileSync(assembly, bytes);
    return WebAssembly.Module.imports(new WebAssembly.Module(bytes as BufferSource)).filter(
      ({ module: from, kind }) => from === ENGINE && kind !== 'memory',
    );
  });
}

/**
 * Writes the engine with all exported that is asked for, and with a copy of each function that a repair may replace.
 * @returns the names of its own exports
 */
function writeEngine(path: string, wanted: WebAssembly.ModuleImportDescriptor[]): Set<string> {
  return changed(enginePackage().wasm, (module) => {
    const names = functionNames(module);
    for (const { function: name } of REPAIRS.flatMap(({ replaced = [] }) => replaced)) {
      const full = functionNamed(names, name);
      if (names.includes(full + ORIGINAL)) continue;
      const info = binaryen.getFunctionInfo(module.getFunction(full));
      module.addFunction(full + ORIGINAL, info.params, info.results, info.vars, module.copyExpression(info.body));
      names.push(full + ORIGINAL);
    }
    const own = exportsOf(module);
    for (const { name, kind } of wanted) {
      if (own.has(name)) continue;
      if (kind === 'global') module.addGlobalExport(name, name);
      else module.addFunctionExport(functionNamed(names, name), name);
    }
    writeFileSync(path, module.emitBinary());
    return own;
  });
}

/** Without the exports that were there to link; those of the assembly are names of functions now. */
function tidied(linked: Uint8Array, keep: Set<string>): Uint8Array {
  return changed(linked, (module) => {
    for (const name of exportsOf(module)) if (!keep.has(name)) module.removeExport(name);
    return module.emitBinary();
  });
}

function exportsOf(module: binaryen.Module): Set<string> {
  const all = Array.from({ length: module.getNumExports() }, (_, i) => module.getExportByIndex(i));
  return new Set(all.map((one) => binaryen.getExportInfo(one).name));
}

function changed<T>(wasm: Uint8Array, change: (module: binaryen.Module) => T): T {
  const module = binaryen.readBinary(wasm);
  try {
    return change(module);
  } finally {
    module.dispose();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await link(fileURLToPath(new URL('../../../../', import.meta.url)));
}
