/** Large pages in PAE, which need no CR4.PSE: v86's walk asks for that bit of CR4 alone. */
import binaryen from 'binaryen';
import { constant, IDS, walk } from './expressions.js';
import type { FunctionNames } from './table.js';

/** Accessors that binaryen has, and its types lack. */
const { Binary } = binaryen as unknown as {
  Binary: { setRight: (binary: number, right: number) => void; getRight: (binary: number) => number };
};
const CR4_PSE = 1 << 4;
const CR4_PAE = 1 << 5;

/** @throws Error where v86.wasm is not as expected */
export function allowLargePages(module: binaryen.Module, functions: FunctionNames): void {
  const asking: number[] = [];
  const { body } = binaryen.getFunctionInfo(module.getFunction(functions('cpu::do_page_walk')));
  walk(body, (expression, { id, op }) => {
    const isAnd = id === IDS.BinaryId && op === (binaryen as unknown as { AndInt32: number }).AndInt32;
    if (isAnd && constant(Binary.getRight(expression)) === CR4_PSE) asking.push(expression);
  });
  if (asking.length !== 1) throw new Error(`the walk of pages asks for CR4.PSE in ${asking.length} places, not 1`);
  Binary.setRight(asking[0]!, module.i32.const(CR4_PSE | CR4_PAE));
}
