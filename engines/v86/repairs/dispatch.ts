/**
 * Opcodes that a repair takes over. v86 finds an opcode's implementation by tables of jumps, one each in its interpreter,
 * in the analysis of blocks, and in the generation of code, and the same three for the opcodes after 0F. The entry of a
 * taken opcode is led to a function of the assembly; all others stay as they are and cost what they did. The function
 * can call the table's function again with `TAKEN` added to the opcode, for what v86 has there.
 */
import binaryen from 'binaryen';
import { IDS } from './expressions.js';
import type { FunctionNames } from './table.js';

const { i32 } = binaryen;
type Module = binaryen.Module;
type Expr = binaryen.ExpressionRef;

/** Accessors that binaryen has, and its types lack. */
const { Block, Switch, GlobalSet, LocalSet, Binary, Const } = binaryen as unknown as {
  Block: { getChildAt: (block: Expr, at: number) => Expr; setChildAt: (block: Expr, at: number, child: Expr) => void };
  Switch: {
    getNumNames: (table: Expr) => number;
    getNameAt: (table: Expr, at: number) => string | null;
    setNameAt: (table: Expr, at: number, name: string) => void;
    appendName: (table: Expr, name: string) => void;
    getDefaultName: (table: Expr) => string | null;
  };
  GlobalSet: { getName: (set: Expr) => string; getValue: (set: Expr) => Expr };
  LocalSet: { getIndex: (set: Expr) => number; getValue: (set: Expr) => Expr };
  Binary: { getOp: (binary: Expr) => number; getRight: (binary: Expr) => Expr };
  Const: { getValueI32: (constant: Expr) => number };
};

/** Added to an opcode: v86's own implementation of it. */
export const TAKEN = 0x200;
/** An opcode is its byte, with bit 8 set where the size of operands is 32. */
const OPCODES = 0x200;

export type Table = 'run' | 'run0f' | 'analyze' | 'analyze0f' | 'generate' | 'generate0f';

const FUNCTIONS: Record<Table, string> = {
  run: 'gen::interpreter::run',
  run0f: 'gen::interpreter0f::run',
  analyze: 'gen::analyzer::analyzer',
  analyze0f: 'gen::analyzer0f::analyzer',
  generate: 'gen::jit::jit',
  generate0f: 'gen::jit0f::jit',
};

/**
 * @param handler full name of a function with the type of the table's
 * @param opcodes bytes
 * @throws Error where a table is not found, or an opcode is taken already
 */
export function take(
  module: Module,
  functions: FunctionNames,
  table: Table,
  handler: string,
  opcodes: readonly number[],
): void {
  const name = functions(FUNCTIONS[table]);
  const info = binaryen.getFunctionInfo(module.getFunction(name));
  const found = findTable(info.body);
  extend(found.table);
  // Other repairs may have taken opcodes of this table: theirs are within this one's block.
  const label = `taken${labels(found)}`;
  for (const opcode of opcodes.flatMap((byte) => [byte, byte | 0x100])) {
    if (nameAt(found.table, opcode) !== nameAt(found.table, opcode | TAKEN))
      throw new Error(`${table} ${opcode.toString(16)} is taken twice`);
    Switch.setNameAt(found.table, opcode, label);
  }
  const types = binaryen.expandType(info.params);
  const call = module.call(
    handler,
    types.map((type, i) => module.local.get(i, type)),
    binaryen.none,
  );
  const block = module.block(null, [
    module.block(label, [found.table]),
    leave(module, info.body),
    call,
    module.return(),
  ]);
  Block.setChildAt(found.parent, 0, block);
}

const nameAt = (table: number, i: number): string | null => Switch.getNameAt(table, i);

interface Found {
  table: number;
  parent: number;
}

/** The table is the first thing in the innermost of the blocks that it jumps out of. */
function findTable(body: number): Found {
  let parent = body;
  for (;;) {
    if (binaryen.getExpressionId(parent) !== IDS.BlockId) break;
    // The function's first block may begin with making room on the stack.
    const at = parent === body && firstIsNoBlock(parent) ? 1 : 0;
    const child = Block.getChildAt(parent, at);
    if (binaryen.getExpressionId(child) === IDS.SwitchId && at === 0) return { table: child, parent };
    parent = child;
  }
  throw new Error('a table of opcodes of v86.wasm is not where it was');
}

const firstIsNoBlock = (block: number): boolean => binaryen.getExpressionId(Block.getChildAt(block, 0)) !== IDS.BlockId;

/** Appends each opcode's own entry a second time, at `TAKEN`. */
function extend(table: number): void {
  const count = Switch.getNumNames(table);
  if (count > OPCODES) return;
  const otherwise = Switch.getDefaultName(table)!;
  const names = Array.from({ length: OPCODES }, (_, i) => (i < count ? nameAt(table, i)! : otherwise));
  if (count < OPCODES - 1) throw new Error(`a table of opcodes has ${count} entries`);
  for (const name of [...names.slice(count), ...names]) Switch.appendName(table, name);
}

/** How many blocks of this kind there are around the table. */
function labels({ table }: Found): number {
  const names = Array.from({ length: OPCODES }, (_, i) => nameAt(table, i));
  return new Set(names.filter((name) => name?.startsWith('taken'))).size;
}

/** Gives back what the function took of the stack when it began. */
function leave(module: Module, body: number): number {
  const first = Block.getChildAt(body, 0);
  if (binaryen.getExpressionId(first) !== IDS.GlobalSetId) return module.nop();
  const tee = GlobalSet.getValue(first);
  const taken = LocalSet.getValue(tee);
  if (binaryen.getExpressionId(tee) !== IDS.LocalSetId || Binary.getOp(taken) !== IDS.SubInt32)
    throw new Error('a function of v86.wasm begins another way than it did');
  const size = Const.getValueI32(Binary.getRight(taken));
  const old = module.i32.add(module.local.get(LocalSet.getIndex(tee), i32), module.i32.const(size));
  return module.global.set(GlobalSet.getName(first), old);
}
