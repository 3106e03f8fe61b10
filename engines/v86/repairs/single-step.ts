/** The engine's main loop runs instructions, and finds and makes compiled code, by way of assembly/system/step.ts. */
import binaryen from 'binaryen';
import { Call, constant, describe, IDS, LocalSet, walk } from './expressions.js';
import type { FunctionNames } from './table.js';

type Expr = binaryen.ExpressionRef;

const ASSEMBLY = 'engines/v86/repairs/assembly/system/step';
const STATE_FLAGS = 108;

/** @throws Error where v86.wasm is not as expected */
export function trapSteps(module: binaryen.Module, functions: FunctionNames): void {
  const calls = new Map(
    [
      ['gen::interpreter::run', 'runInstruction'],
      ['jit::jit_analyze_and_generate', 'generateCode'],
    ].map(([from, to]) => [functions(from!), functions(`${ASSEMBLY}/${to}`)]),
  );
  let changed = 0;
  walk(binaryen.getFunctionInfo(module.getFunction('main_loop')).body, (expression, { id, value }) => {
    const target = id === IDS.CallId ? calls.get(Call.getTarget(expression)) : undefined;
    if (target !== undefined) Call.setTarget(expression, target);
    const findsCode = id === IDS.LocalSetId && loads(value, STATE_FLAGS);
    if (findsCode) LocalSet.setValue(expression, module.call(functions(`${ASSEMBLY}/stateForCode`), [], binaryen.i32));
    if (target !== undefined || findsCode) changed++;
  });
  if (changed !== 3) throw new Error(`the main loop runs and finds code in ${changed} places, not 3`);
}

function loads(expression: Expr, address: number): boolean {
  const { id, ptr, offset } = describe(expression);
  return id === IDS.LoadId && offset === address && constant(ptr) === 0;
}
