/** v86 clears TF wherever it loads EFLAGS; here it stays. */
import type binaryen from 'binaryen';
import { constant, describe, Store, storesTo } from './expressions.js';
import type { FunctionNames } from './table.js';

const FLAGS = 120;
const ALL_BUT_TRAP = ~0x100;
/** POPF and IRET; how often each clears it. */
const PLACES: readonly [string, number][] = [
  ['instructions::instr16_9D', 1],
  ['instructions::instr32_9D', 1],
  ['cpu::iret', 2],
  ['update_eflags', 1],
];

/** @throws Error where v86.wasm is not as expected */
export function keepTrapFlag(module: binaryen.Module, functions: FunctionNames): void {
  for (const [name, right] of PLACES) {
    const clearing = storesTo(module, functions(name), FLAGS).filter(
      (store) => maskOf(describe(store).value) === ALL_BUT_TRAP,
    );
    if (clearing.length !== right) throw new Error(`${name} clears TF in ${clearing.length} places, not ${right}`);
    for (const store of clearing) Store.setValue(store, describe(describe(store).value).left);
  }
}

/** What the value is a logical product with; undefined where it is none. */
function maskOf(value: binaryen.ExpressionRef): number | undefined {
  const { right } = describe(value);
  return right === undefined ? undefined : constant(right);
}
