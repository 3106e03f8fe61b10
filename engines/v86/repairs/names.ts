/** Names of functions in v86.wasm. */
import binaryen from 'binaryen';

/** Ends the name of the copy of a function that a repair may replace. */
export const ORIGINAL = '$original';

export function functionNames(module: binaryen.Module): string[] {
  const names: string[] = [];
  for (let i = 0; i < module.getNumFunctions(); i++) {
    const info = binaryen.getFunctionInfo(module.getFunctionByIndex(i));
    if (info.module === '') names.push(info.name);
  }
  return names;
}

/**
 * The full name of a function.
 * @param name as it is in the module (`instr_0FA2`), or a path in Rust whose end is enough (`cpu::trigger_ud`); with
 *   `$original` behind it, the copy of a function that a repair replaces
 * @throws Error unless it means exactly one
 */
export function functionNamed(names: readonly string[], name: string): string {
  if (name.endsWith(ORIGINAL)) return functionNamed(names, name.slice(0, -ORIGINAL.length)) + ORIGINAL;
  if (!name.includes('::')) {
    if (names.includes(name)) return name;
    throw new Error(`v86.wasm has no function ${name}`);
  }
  // Rust writes the length of each part before it.
  const end = name
    .split('::')
    .map((part) => `${part.length}${/^[0-9_]/.test(part) ? '_' : ''}${part}`)
    .join('');
  const found = names.filter((candidate) => candidate.startsWith('_R') && candidate.endsWith(end));
  if (found.length !== 1) throw new Error(`${found.length} functions of v86.wasm are called ${name}`);
  return found[0]!;
}
