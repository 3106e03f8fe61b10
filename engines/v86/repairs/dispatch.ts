/**
 * Opcodes that a repair takes over. v86 finds an opcode's implementation by tables of jumps, one each in its interpreter,
 * in the analysis of blocks, and in the generation of code, and the same three for the opcodes after 0F. The entry of a
 * taken opcode is led to a function of the assembly; all others stay as they are and cost what they did. The function
 * can call the table's function again with `TAKEN` added to the opcode, for what v86 has there.
 */
import binaryen from 'binaryen';
import type { FunctionNames } from './table.js';

const { i32 } = binaryen;
type Module = binaryen.Module;

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
    if (name_(found.table, opcode) !== name_(found.table, opcode | TAKEN))
      throw new Error(`${table} ${opcode.toString(16)} is taken twice`);
    binaryen.Switch.setNameAt(found.table, opcode, label);
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
  binaryen.Block.setChildAt(found.parent, 0, block);
}

const name_ = (table: number, i: number): string | null => binaryen.Switch.getNameAt(table, i);

interface Found {
  table: number;
  parent: number;
}

/** The table is the first thing in the innermost of the blocks that it jumps out of. */
function findTable(body: number): Found {
  let parent = body;
  for (;;) {
    if (binaryen.getExpressionId(parent) !== binaryen.BlockId) break;
    // The function's first block may begin with making room on the stack.
    const at = parent === body && firstIsNoBlock(parent) ? 1 : 0;
    const child = binaryen.Block.getChildAt(parent, at);
    if (binaryen.getExpressionId(child) === binaryen.SwitchId && at === 0) return { table: child, parent };
    parent = child;
  }
  throw new Error('a table of opcodes of v86.wasm is not where it was');
}

const firstIsNoBlock = (block: number): boolean =>
  binaryen.getExpressionId(binaryen.Block.getChildAt(block, 0)) !== binaryen.BlockId;

/** Appends each opcode's own entry a second time, at `TAKEN`. */
function extend(table: number): void {
  const count = binaryen.Switch.getNumNames(table);
  if (count > OPCODES) return;
  const otherwise = binaryen.Switch.getDefaultName(table)!;
  const names = Array.from({ length: OPCODES }, (_, i) => (i < count ? name_(table, i)! : otherwise));
  if (count < OPCODES - 1) throw new Error(`a table of opcodes has ${count} entries`);
  for (const name of [...names.slice(count), ...names]) binaryen.Switch.appendName(table, name);
}

/** How many blocks of this kind there are around the table. */
function labels({ table }: Found): number {
  const names = Array.from({ length: OPCODES }, (_, i) => name_(table, i));
  return new Set(names.filter((name) => name?.startsWith('taken'))).size;
}

/** Gives back what the function took of the stack when it began. */
function leave(module: Module, body: number): number {
  const first = binaryen.Block.getChildAt(body, 0);
  if (binaryen.getExpressionId(first) !== binaryen.GlobalSetId) return module.nop();
  const tee = binaryen.GlobalSet.getValue(first);
  const taken = binaryen.LocalSet.getValue(tee);
  if (binaryen.getExpressionId(tee) !== binaryen.LocalSetId || binaryen.Binary.getOp(taken) !== binaryen.SubInt32)
    throw new Error('a function of v86.wasm begins another way than it did');
  const size = binaryen.Const.getValueI32(binaryen.Binary.getRight(taken));
  const old = module.i32.add(module.local.get(binaryen.LocalSet.getIndex(tee), i32), module.i32.const(size));
  return module.global.set(binaryen.GlobalSet.getName(first)!, old);
}
