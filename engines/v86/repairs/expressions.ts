/** Looks through the code of functions, and changes it in place. */
import binaryen from 'binaryen';

type Expr = binaryen.ExpressionRef;

/** What binaryen says of an expression; which fields there are depends on its kind. */
export interface Expression {
  id: number;
  index: number;
  offset: number;
  bytes: number;
  op: number;
  ptr: Expr;
  value: Expr;
  left: Expr;
  right: Expr;
  ifTrue: Expr;
  ifFalse: Expr;
  condition: Expr;
  body: Expr;
  target: Expr;
  children: Expr[];
  operands: Expr[];
}
type Field = keyof Expression;

/** Kinds of expressions and operations, which are plain numbers where expressions are described. */
export const IDS = binaryen as unknown as Record<
  | 'BinaryId'
  | 'BlockId'
  | 'BreakId'
  | 'CallId'
  | 'CallIndirectId'
  | 'ClzInt32'
  | 'ConstId'
  | 'DropId'
  | 'GlobalSetId'
  | 'IfId'
  | 'LoadId'
  | 'LocalGetId'
  | 'LocalSetId'
  | 'LoopId'
  | 'NopId'
  | 'ReturnId'
  | 'SelectId'
  | 'StoreId'
  | 'SubInt32'
  | 'SwitchId'
  | 'UnaryId'
  | 'UnreachableId',
  number
>;

/** Accessors that binaryen has, and its types lack. */
const setters = binaryen as unknown as {
  Store: Record<'setValue' | 'setValueType' | 'setBytes' | 'setAlign', (store: Expr, to: number) => void>;
  Select: Record<'setIfTrue' | 'setCondition', (select: Expr, to: Expr) => void>;
  Call: { getTarget: (call: Expr) => string; setTarget: (call: Expr, to: string) => void };
  LocalSet: Record<'setValue', (set: Expr, to: Expr) => void>;
};
export const { Store, Select, Call, LocalSet } = setters;

const bare: readonly number[] = [IDS.NopId, IDS.UnreachableId];

/** Which fields of an expression are expressions too, in the order in which they run. Others have none here. */
const held = new Map<number, readonly Field[]>([
  [IDS.BlockId, ['children']],
  [IDS.IfId, ['condition', 'ifTrue', 'ifFalse']],
  [IDS.LoopId, ['body']],
  [IDS.BreakId, ['value', 'condition']],
  [IDS.SwitchId, ['value', 'condition']],
  [IDS.CallId, ['operands']],
  [IDS.CallIndirectId, ['operands', 'target']],
  [IDS.LocalSetId, ['value']],
  [IDS.GlobalSetId, ['value']],
  [IDS.LoadId, ['ptr']],
  [IDS.StoreId, ['ptr', 'value']],
  [IDS.UnaryId, ['value']],
  [IDS.BinaryId, ['left', 'right']],
  [IDS.SelectId, ['ifTrue', 'ifFalse', 'condition']],
  [IDS.DropId, ['value']],
  [IDS.ReturnId, ['value']],
]);

export function describe(expression: Expr): Expression {
  const id: number = binaryen.getExpressionId(expression);
  // Binaryen cannot describe what has no fields.
  const described = bare.includes(id) ? { id } : binaryen.getExpressionInfo(expression);
  return described as unknown as Expression;
}

/** Calls `visit` with each expression, those that it holds first. */
export function walk(expression: Expr, visit: (expression: Expr, described: Expression) => void): void {
  const described = describe(expression);
  for (const field of held.get(described.id) ?? []) {
    const inner = described[field];
    for (const one of typeof inner === 'number' ? [inner] : inner) if (one !== 0) walk(one, visit);
  }
  visit(expression, described);
}

/** The number that a constant of 32 bits is; undefined for all else. */
export function constant(expression: Expr): number | undefined {
  const { id, value } = describe(expression);
  return id === IDS.ConstId && binaryen.getExpressionType(expression) === binaryen.i32 ? value : undefined;
}

/** All stores in a function to a fixed address in the engine's memory. */
export function storesTo(module: binaryen.Module, name: string, address: number): Expr[] {
  const found: Expr[] = [];
  walk(binaryen.getFunctionInfo(module.getFunction(name)).body, (expression, { id, offset, ptr }) => {
    if (id === IDS.StoreId && offset === address && constant(ptr) === 0) found.push(expression);
  });
  return found;
}
