/** Makes the engine that a list of repairs names. */
import { readFileSync } from 'node:fs';
import binaryen from 'binaryen';
import { take } from './dispatch.js';
import { functionNamed, functionNames, ORIGINAL } from './names.js';
import { LINKED, REPAIRS } from './index.js';

/**
 * @param ids of repairs, each in the table
 * @returns v86.wasm with them
 * @throws Error where the engine is not as a repair expects it
 */
export async function repair(ids: readonly string[]): Promise<Uint8Array> {
  // Names stay: what is instrumented is found by them.
  binaryen.setDebugInfo(true);
  const module = binaryen.readBinary(readFileSync(LINKED));
  try {
    const names = functionNames(module);
    const named = (name: string): string => functionNamed(names, name);
    const wanted = REPAIRS.filter(({ id }) => ids.includes(id));
    for (const { taken = [], patch } of wanted) {
      for (const { table, opcodes, by } of taken) take(module, named, table, named(exported(names, by)), opcodes);
      await patch?.(module, named);
    }
    // What is replaced may still be called by what replaces it: patched too.
    for (const name of names) if (name.endsWith(ORIGINAL)) replace(module, name, name.slice(0, -ORIGINAL.length));
    for (const { replaced = [], exported: given = [], added = [] } of wanted) {
      for (const { function: name, by } of replaced) replace(module, named(name), named(exported(names, by)));
      for (const { function: name, by } of given) redirect(module, name, named(exported(names, by)));
      for (const { function: name, by } of added) module.addFunctionExport(named(exported(names, by)), name);
    }
    for (const { functions, before, after } of wanted.flatMap(({ enclosed = [] }) => enclosed)) {
      const calls = [before, after].map((name) => (name === undefined ? null : named(exported(names, name))));
      for (const name of functions) enclose(module, named(name), calls[0]!, calls[1]!);
    }
    if (!module.validate()) throw new Error('the repaired engine is not valid');
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}

/** The function of the assembly that is exported by this name: it has the path of its source before it. */
function exported(names: readonly string[], name: string): string {
  const found = names.filter(
    (candidate) => candidate.startsWith('engines/v86/repairs/') && candidate.endsWith(`/${name}`),
  );
  if (found.length !== 1) throw new Error(`the assembly has ${found.length} functions ${name}`);
  return found[0]!;
}

/** Gives `name` the body of `by`. */
function replace(module: binaryen.Module, name: string, by: string): void {
  const old = binaryen.getFunctionInfo(module.getFunction(name));
  const info = binaryen.getFunctionInfo(module.getFunction(by));
  if (old.params !== info.params || old.results !== info.results)
    throw new Error(`${by} has another type than ${name}`);
  const body = module.copyExpression(info.body);
  module.removeFunction(name);
  module.addFunction(name, info.params, info.results, info.vars, body);
}

/** Makes `name` what it was between calls of two others. It is one that returns nothing. */
function enclose(module: binaryen.Module, name: string, before: string | null, after: string | null): void {
  const info = binaryen.getFunctionInfo(module.getFunction(name));
  const inner = `${name}$enclosed${module.getNumFunctions()}`;
  module.addFunction(inner, info.params, info.results, info.vars, module.copyExpression(info.body));
  const given = binaryen.expandType(info.params).map((type, i) => module.local.get(i, type));
  const call = (other: string | null): binaryen.ExpressionRef =>
    other === null ? module.nop() : module.call(other, [], binaryen.none);
  module.removeFunction(name);
  const body = module.block(null, [call(before), module.call(inner, given, binaryen.none), call(after)]);
  module.addFunction(name, info.params, info.results, [], body);
}

/** Makes the export `name` mean the function `by`. */
function redirect(module: binaryen.Module, name: string, by: string): void {
  module.removeExport(name);
  module.addFunctionExport(by, name);
}
