/**
 * Adds exact instruction counting and event hooks to v86.wasm, by wrapping functions by the names in its name section.
 * Nothing is changed inside a function; the un-instrumented module serves for recording and plain replay.
 *
 * An engine made for stepping has one hook more, before every instruction of the interpreter: what it costs is paid by
 * whoever asks for it.
 */
import binaryen from 'binaryen';
import { addJitBoundary, wrapInterpreter, wrapStrings } from './counting.js';
import { GLOBALS, HOOKS, IN_STI, STEP_HOOK, STEPPING, STORES_STATUS } from './hooks.js';
import { wrapFloatingPoint, wrapValues, wrapVectors, wrapWalks } from './values.js';
import { Wrapper } from './wrapper.js';
import { RUN_ONE } from '../run-one.js';

export { jitWrapper } from './counting.js';
export type { HOOKS } from './hooks.js';

const { i32, none } = binaryen;
type Module = binaryen.Module;

/** @throws Error when a function is missing or has another signature than expected: another build of v86 */
export function instrument(wasm: Uint8Array, { stepping = false } = {}): Uint8Array {
  const module = binaryen.readBinary(wasm);
  try {
    const names = functionNames(module);
    for (const [name, type] of GLOBALS) {
      module.addGlobal(name, binaryen[type], true, type === 'i64' ? module.i64.const(0n) : module.i32.const(0));
      module.addGlobalExport(name, name);
    }
    for (const [name, params] of Object.entries(HOOKS)) {
      module.addFunctionImport(name, 'env', name, binaryen.createType(params.map((type) => binaryen[type])), none);
    }
    module.addFunctionImport(STORES_STATUS, 'env', STORES_STATUS, none, i32);
    if (stepping) {
      module.addGlobal(STEPPING, i32, true, module.i32.const(0));
      module.addGlobalExport(STEPPING, STEPPING);
      module.addGlobal(IN_STI, i32, true, module.i32.const(0));
      module.addFunctionImport(STEP_HOOK, 'env', STEP_HOOK, none, none);
    }
    const wrapper = new Wrapper(module, names);
    wrapInterpreter(wrapper, stepping);
    if (stepping) module.addFunctionExport(wrapper.matching(/3gen11interpreter3run$/)[0]!, RUN_ONE);
    wrapStrings(wrapper);
    wrapVectors(wrapper);
    wrapValues(wrapper);
    wrapWalks(wrapper);
    wrapFloatingPoint(wrapper);
    wrapper.before(/3jit19jit_generate_module$/, 7, (m, arg) => m.call('d_blocks', [arg(5), arg(2)], none));
    addJitBoundary(module);
    if (!module.validate()) throw new Error('the instrumented module is not valid');
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}

function functionNames(module: Module): string[] {
  const names: string[] = [];
  for (let i = 0; i < module.getNumFunctions(); i++) {
    const info = binaryen.getFunctionInfo(module.getFunctionByIndex(i));
    if (info.module === '') names.push(info.name);
  }
  return names;
}
